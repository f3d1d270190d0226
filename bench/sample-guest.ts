import { SampleWork } from './sample-work.ts'

/** What runs inside XS: each command is a letter for the work and a count. */
const work = new SampleWork()

const commands: Readonly<Record<string, (count: number) => void>> = {
  n: () => {},
  s: (count) => work.samples(count),
  c: (count) => work.seconds(count),
  a: () => work.align(),
  w: (count) => work.saves(count),
}

function handleCommand(message: ArrayBuffer): ArrayBuffer {
  const bytes = new Uint8Array(message)
  const name = String.fromCharCode(bytes[0])
  commands[name]((bytes[1] << 8) | bytes[2])
  return new ArrayBuffer(0)
}

;(globalThis as { handleCommand?: unknown }).handleCommand = handleCommand
