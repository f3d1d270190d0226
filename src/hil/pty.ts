import { type ChildProcess, spawn } from 'node:child_process'
import { FerrarisError } from '../lib/errors.ts'

/** A pair of pseudo-terminals: what is written to one comes out of the other. The helper holds both, so that either may be closed and opened again. */
const PAIR = `
import os, pty, select, sys, tty
ends = []
for _ in range(2):
    master, slave = pty.openpty()
    tty.setraw(slave)
    ends.append((master, slave))
a, b = ends[0][0], ends[1][0]
print(os.ttyname(ends[0][1]), os.ttyname(ends[1][1]), flush=True)
while True:
    for master in select.select([a, b, sys.stdin], [], [])[0]:
        if master is sys.stdin:
            sys.exit()
        data = os.read(master, 4096)
        other = b if master == a else a
        while data:
            data = data[os.write(other, data):]
`

/** Two ends of a null-modem cable on this PC. */
export interface PtyPair {
  /** Device files. */
  readonly near: string
  readonly far: string
  close(): void
}

/** Makes a pair; it ends with `close` and with this process. Errors: FerrarisError `NO_PTY` where there is no Python or no such terminal. */
export function openPtyPair(): Promise<PtyPair> {
  const helper: ChildProcess = spawn('python3', ['-c', PAIR], { stdio: ['pipe', 'pipe', 'ignore'] })
  return new Promise((resolve, reject) => {
    const missing = (cause?: unknown) =>
      reject(new FerrarisError('NO_PTY', 'pseudo-terminals need Linux or macOS and the program python3', { cause }))
    helper.once('error', missing)
    helper.once('exit', missing)
    let text = ''
    helper.stdout?.on('data', (piece: Buffer) => {
      text += piece.toString()
      const [near, far] = text.trim().split(' ')
      if (!text.endsWith('\n') || far === undefined) return
      helper.unref()
      resolve({ near, far, close: () => void helper.stdin?.end() })
    })
  })
}
