import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** FERRARIS_PEERS names a Python virtual environment with the packages of requirements.txt. */
const interpreter = process.env.FERRARIS_PEERS === undefined ? undefined : join(process.env.FERRARIS_PEERS, 'bin', 'python')

export const available = interpreter !== undefined && existsSync(interpreter)

/** Says that tests are skipped; once per file. */
export function tellWhenSkipped(): void {
  if (!available) console.log('skipped: no DLMS peers (set FERRARIS_PEERS to a virtual environment with test/peers/requirements.txt)')
}

/** Runs a program of this folder; gives what it prints. */
export function runPython(script: string, words: readonly string[], timeout_ms = 60_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(interpreter as string, [join(import.meta.dirname, script), ...words], {
      env: { ...process.env, TZ: 'UTC', PYTHONDONTWRITEBYTECODE: '1' },
      timeout: timeout_ms,
    })
    let output = ''
    let errors = ''
    child.stdout.on('data', (data) => {
      output += data
    })
    child.stderr.on('data', (data) => {
      errors += data
    })
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve(output) : reject(new Error(`${script} ended with ${code}: ${errors}${output}`))))
  })
}
