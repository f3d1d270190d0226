import partitions, { type FlashPartition } from 'embedded:storage/flash'
import { checkBytes } from '../../src/lib/check.ts'
import { FerrarisError } from '../../src/lib/errors.ts'
import type { Flash, FlashStatus } from '../api/flash.ts'
import type { Bytes } from '../api/io.ts'

/** Program unit with flash encryption (ESP-IDF, "Flash Encryption", limitations of writes); without it single bytes could be programmed. */
const WRITE_ALIGN = 16

/** A raw partition of the flash by its label. Error when the partition table has none of that name. */
export class Esp32Flash implements Flash {
  readonly #status: FlashStatus
  #partition: FlashPartition | undefined

  /** `label`: of a data partition; `running` and `nextota` mean those with firmware. */
  constructor(label: string, mode: 'r' | 'r+' = 'r+') {
    const partition = partitions.open({ path: label, mode })
    const { size, blockLength, blocks } = partition.status()
    this.#partition = partition
    this.#status = Object.freeze({ size, blockLength, blocks, writeAlign: WRITE_ALIGN, eraseValue: 0xff })
  }

  status(): FlashStatus {
    this.#open()
    return this.#status
  }

  eraseBlock(start: number, end = start + 1): void {
    const partition = this.#open()
    const { blocks } = this.#status
    const valid = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end <= blocks
    if (!valid) throw new RangeError(`blocks ${start} to ${end} of ${blocks}`)
    if (start < end) partition.eraseBlock(start, end)
  }

  read(buffer: Bytes, offset: number): void {
    const partition = this.#open()
    this.#check(buffer, offset, 1)
    if (buffer.length > 0) partition.read(buffer, offset)
  }

  write(buffer: Bytes, offset: number): void {
    const partition = this.#open()
    this.#check(buffer, offset, WRITE_ALIGN)
    if (buffer.length > 0) partition.write(buffer, offset)
  }

  close(): void {
    this.#partition?.close()
    this.#partition = undefined
  }

  #check(buffer: Bytes, offset: number, align: number): void {
    checkBytes(buffer)
    const { size } = this.#status
    const valid = Number.isInteger(offset) && offset >= 0 && offset + buffer.length <= size
    if (!valid) throw new RangeError(`${buffer.length} bytes at ${offset} of a flash of ${size}`)
    if (offset % align !== 0 || buffer.length % align !== 0)
      throw new RangeError(`${buffer.length} bytes at ${offset}: not on ${align} bytes`)
  }

  #open(): FlashPartition {
    if (this.#partition === undefined) throw new FerrarisError('CLOSED', 'the flash is closed')
    return this.#partition
  }
}
