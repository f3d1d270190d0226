/** Interface class 18 "Image transfer", version 0 (IEC 62056-6-2 clause 4.4.6): how new firmware comes in. */
import type { ByteWriter } from '../../../lib/bytes.ts'
import { type ActionResult, DataAccessResult } from '../apdu.ts'
import {
  DataTag,
  type DataValue,
  writeArray,
  writeBoolean,
  writeDoubleLongUnsigned,
  writeEnum,
  writeLength,
  writeOctetString,
  writeStructure,
} from '../axdr.ts'
import type { AssociationContext, Selection } from '../source.ts'
import type { ObjectOptions } from './access.ts'
import { InterfaceObject } from './base.ts'
import { elements, flag, integer, nothing, octets } from './parameters.ts'

/** Values of attribute 6. */
export const ImageStatus = Object.freeze({
  notInitiated: 0,
  initiated: 1,
  verificationInitiated: 2,
  verificationSuccessful: 3,
  verificationFailed: 4,
  activationInitiated: 5,
  activationSuccessful: 6,
  activationFailed: 7,
})

/** An element of `image_to_activate_info`. */
export interface ImageToActivate {
  /** Bytes. */
  readonly size: number
  readonly identification: Uint8Array
  readonly signature: Uint8Array
}

/** Where an image goes. Byte arrays that a method gets are valid only during the call. */
export interface ImageTransferSource {
  /** Bytes of every block but the last. */
  readonly blockSize: number
  enabled: boolean
  /** A number of `ImageStatus`. */
  readonly status: number
  /** Blocks of the image that is being transferred; 0 without one. */
  readonly blocks: number
  has(block: number): boolean
  /** `blocks` when none is missing. */
  readonly firstNotTransferred: number
  readonly toActivate: readonly ImageToActivate[]
  initiate(identifier: Uint8Array, size: number): ActionResult
  transfer(block: number, data: Uint8Array): ActionResult
  verify(): ActionResult
  activate(): ActionResult
}

export interface ImageTransferOptions extends ObjectOptions {
  readonly source: ImageTransferSource
}

const ENABLED = 5

function writeBlocksStatus(writer: ByteWriter, source: ImageTransferSource): void {
  const { blocks } = source
  writer.uint8(DataTag.bitString)
  writeLength(writer, blocks)
  for (let first = 0; first < blocks; first += 8) {
    let byte = 0
    for (let i = 0; i < 8; i++) if (first + i < blocks && source.has(first + i)) byte |= 0x80 >> i
    writer.uint8(byte)
  }
}

function writeToActivate(writer: ByteWriter, images: readonly ImageToActivate[]): void {
  writeArray(writer, images.length)
  for (const { size, identification, signature } of images) {
    writeStructure(writer, 3)
    writeDoubleLongUnsigned(writer, size)
    writeOctetString(writer, identification)
    writeOctetString(writer, signature)
  }
}

export class ImageTransferObject extends InterfaceObject {
  readonly #source: ImageTransferSource

  constructor(options: ImageTransferOptions) {
    super(options, 18, 0, 7, 4)
    this.#source = options.source
  }

  get(attribute: number, _selection: Selection | undefined, _context: AssociationContext, writer: ByteWriter): DataAccessResult {
    const source = this.#source
    if (attribute === 2) writeDoubleLongUnsigned(writer, source.blockSize)
    else if (attribute === 3) writeBlocksStatus(writer, source)
    else if (attribute === 4) writeDoubleLongUnsigned(writer, source.firstNotTransferred)
    else if (attribute === ENABLED) writeBoolean(writer, source.enabled)
    else if (attribute === 6) writeEnum(writer, source.status)
    else writeToActivate(writer, source.toActivate)
    return DataAccessResult.success
  }

  override set(attribute: number, value: DataValue): DataAccessResult {
    if (attribute !== ENABLED) return DataAccessResult.readWriteDenied
    this.#source.enabled = flag(value)
    return DataAccessResult.success
  }

  /** 1 image_transfer_initiate, 2 image_block_transfer, 3 image_verify, 4 image_activate. */
  override action(method: number, parameter: DataValue | undefined): ActionResult {
    const source = this.#source
    if (method === 1) {
      const [identifier, size] = elements(parameter, DataTag.structure, 2)
      return source.initiate(octets(identifier), integer(size, DataTag.doubleLongUnsigned))
    }
    if (method === 2) {
      const [block, data] = elements(parameter, DataTag.structure, 2)
      return source.transfer(integer(block, DataTag.doubleLongUnsigned), octets(data))
    }
    nothing(parameter)
    return method === 3 ? source.verify() : source.activate()
  }
}
