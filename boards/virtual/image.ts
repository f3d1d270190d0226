import type { Bytes } from '../../hal/api/io.ts'
import { FerrarisError } from '../../src/lib/errors.ts'
import { PROGRAM_INTERFACE, type Program } from '../../src/meter/program.ts'

/** Characters per step: arguments go onto the stack, which is small on XS. */
const PIECE = 256

function textOf(bytes: Bytes): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += PIECE) text += String.fromCharCode(...bytes.subarray(at, at + PIECE))
  return text
}

function isProgram(value: unknown): value is Program {
  if (typeof value !== 'object' || value === null) return false
  const { interface: version, start, face } = value as Partial<Program>
  return version === PROGRAM_INTERFACE && typeof start === 'function' && typeof face === 'function'
}

/** Makes a program of the payload of a firmware image: an ASCII script. Throws what the script throws, and FerrarisError `FIRMWARE_PROGRAM` when it is none. */
export function loadProgram(payload: Bytes, evaluate: (source: string) => unknown): Program {
  const value = evaluate(textOf(payload))
  if (!isProgram(value)) throw new FerrarisError('FIRMWARE_PROGRAM', 'the firmware image is no program for this board')
  return value
}
