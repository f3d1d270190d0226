import type { RegisterEntry } from '../../core/registers/table.ts'
import type { ByteWriter } from '../../lib/bytes.ts'
import { writeDoubleLong, writeDoubleLongUnsigned, writeLong, writeLongUnsigned } from '../../protocols/dlms/axdr.ts'

/** The value of a register as attribute 2 has it. */
export function writeRegisterValue(writer: ByteWriter, entry: RegisterEntry, value: number): void {
  // Registers roll over like a display; an instantaneous value that its type cannot carry stays at the end of its range.
  if (entry.type === 'uint32') writeDoubleLongUnsigned(writer, entry.kind === 'energy' ? value % 0x100000000 : Math.min(value, 0xffffffff))
  else if (entry.type === 'int32') writeDoubleLong(writer, Math.max(-0x80000000, Math.min(value, 0x7fffffff)))
  else if (entry.type === 'uint16') writeLongUnsigned(writer, Math.min(value, 0xffff))
  else writeLong(writer, Math.max(-0x8000, Math.min(value, 0x7fff)))
}
