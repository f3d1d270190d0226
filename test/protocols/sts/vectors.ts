import { readFileSync } from 'node:fs'
import type { EncryptionAlgorithm, TokenType } from '../../../src/protocols/sts/token.ts'

/** One row of `test/vectors/sts/tokens.json`. Tokens of class 1 have no key and nothing that leads to one. */
export interface StsVector {
  readonly test: string
  readonly algorithm?: EncryptionAlgorithm
  readonly pan: string
  readonly supplyGroup: string
  readonly tariffIndex: string
  readonly revision: number
  readonly keyType: number
  readonly baseDate: string
  readonly vendingKey: string
  readonly decoderKey?: string
  readonly issued?: string
  /** kWh, m3 or W. */
  readonly amount?: number
  readonly type: TokenType
  readonly fields: Readonly<Record<string, number>>
  readonly token: string
}

export function readVectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../vectors/sts/${name}`, import.meta.url), 'utf8'))
}

export const STS_VECTORS = readVectors<readonly StsVector[]>('tokens.json')
