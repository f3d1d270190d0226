import { expect } from 'vitest'
import { ByteReader } from '../../../src/lib/bytes.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { MANAGEMENT_CLIENT } from '../../../src/meter/views/dlms-clients.ts'
import type { DataValue } from '../../../src/protocols/dlms/axdr.ts'
import { readData } from '../../../src/protocols/dlms/axdr-decode.ts'
import { DlmsServer } from '../../../src/protocols/dlms/server.ts'
import type { DlmsSource } from '../../../src/protocols/dlms/source.ts'
import { actionNormal, getNormal, setNormal, TestClient } from '../../protocols/dlms/client.ts'
import { MANAGER_SECRET } from '../../protocols/dlms/managed-source.ts'
import { SECRET } from '../../protocols/dlms/memory-source.ts'

/** Plain numbers, booleans and lists; octet-strings as hexadecimal text. */
function plain({ value }: DataValue): unknown {
  if (value instanceof Uint8Array) return toHex(value)
  return Array.isArray(value) ? value.map(plain) : value
}

/** A client with a secret, in the same process. */
export class Reader {
  readonly client: TestClient

  constructor(source: DlmsSource, sap: number = MANAGEMENT_CLIENT, largestPdu = 0xffff) {
    this.client = new TestClient(new DlmsServer(source), sap).open({
      secret: sap === MANAGEMENT_CLIENT ? MANAGER_SECRET : SECRET,
      largestPdu,
    })
  }

  get(classId: number, name: string, attribute: number, selection = ''): unknown {
    const { data } = this.client.fetch(getNormal(classId, name, attribute, selection))
    return plain(readData(new ByteReader(fromHex(data)), { depth: 8, elements: 100_000 }))
  }

  /** The Data-Access-Result. */
  set(classId: number, name: string, attribute: number, value: string): number {
    const response = this.client.exchange(setNormal(classId, name, attribute, value)) ?? ''
    expect(response).toMatch(/^c501c1..$/)
    return Number.parseInt(response.slice(6), 16)
  }

  /** The Action-Result. */
  act(classId: number, name: string, method: number, parameter = '0f00'): number {
    const response = this.client.exchange(actionNormal(classId, name, method, parameter)) ?? ''
    expect(response).toMatch(/^c701c1..00$/)
    return Number.parseInt(response.slice(6, 8), 16)
  }
}
