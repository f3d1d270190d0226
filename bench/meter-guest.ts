import { FEATURES, MeterWork } from './meter-work.ts'
import { nativeCrypto } from './native-crypto.ts'

interface XsGlobal {
  handleCommand?: unknown
  readonly issueCommand: (request: ArrayBuffer) => ArrayBuffer
}

/** What runs inside XS: each command is a letter for the work and a count. */
const engine = globalThis as unknown as XsGlobal
const work = new MeterWork(nativeCrypto((request) => engine.issueCommand(request)))

const commands: Readonly<Record<string, (count: number) => void>> = {
  n: () => {},
  f: (count) => work.configure(FEATURES[count]),
  m: () => work.start(),
  c: (count) => work.seconds(count),
  a: () => work.align(),
  o: () => work.associate(),
  g: (count) => {
    for (let i = 0; i < count; i++) work.get()
  },
  p: (count) => {
    for (let i = 0; i < count; i++) work.state()
  },
  u: (count) => {
    const before = work.uplinks
    work.seconds(count)
    if (work.uplinks - before !== 1) throw new Error(`${work.uplinks - before} uplinks in ${count} seconds`)
  },
  k: () => work.check(),
}

engine.handleCommand = (message: ArrayBuffer): ArrayBuffer => {
  const bytes = new Uint8Array(message)
  commands[String.fromCharCode(bytes[0])]((bytes[1] << 8) | bytes[2])
  return new ArrayBuffer(0)
}
