import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { Summary } from '../../boards/virtual/session.ts'

/** The built command, as `npm start` runs it. */
const MAIN = join(import.meta.dirname, '../../build/js/src/cli/main.js')
if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: npm run build makes it`)

/** Free ports, whatever else runs on this computer. */
export const ANY_PORTS = ['--dlms-port', '0', '--http-port', '0'] as const

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface StartOptions {
  readonly cwd?: string
  /** Another copy of the built command. */
  readonly main?: string
}

const running = new Set<ChildProcess>()
const folders: string[] = []

afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** A folder of this test file, gone afterwards. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ferraris-cli-'))
  folders.push(folder)
  return folder
}

/** A running `ferraris`. */
export class Ferraris {
  readonly ended: Promise<Ended>
  stdout = ''
  stderr = ''
  readonly #child: ChildProcess
  #over = false
  #wake: () => void = () => {}

  constructor(words: readonly string[], options: StartOptions = {}) {
    const child = spawn(process.execPath, [options.main ?? MAIN, ...words], {
      cwd: options.cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    running.add(child)
    this.#child = child
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
      this.#wake()
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
      this.#wake()
    })
    this.ended = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        running.delete(child)
        this.#over = true
        this.#wake()
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr })
      })
    })
  }

  get pid(): number {
    return this.#child.pid as number
  }

  /** Waits for a line on either stream; gives the match. Fails when the process ends first, or after 20 s. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    const end_ms = performance.now() + 20_000
    for (;;) {
      const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr)
      if (match !== null) return match
      if (this.#over || performance.now() > end_ms) throw new Error(`no ${pattern} in:\n${this.stdout}${this.stderr}`)
      await new Promise<void>((resolve) => {
        const timeout = setTimeout(resolve, 100)
        this.#wake = () => {
          clearTimeout(timeout)
          resolve()
        }
      })
    }
  }

  /** The port of DLMS, once it is served. */
  async dlmsPort(): Promise<number> {
    return Number((await this.line(/^dlms:\/\/127\.0\.0\.1:(\d+)$/m))[1])
  }

  async httpPort(): Promise<number> {
    return Number((await this.line(/^http:\/\/127\.0\.0\.1:(\d+)$/m))[1])
  }

  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Ended> {
    this.#child.kill(signal)
    return this.ended
  }

  /** What Ctrl-C on a terminal does: the signal goes to every process of the group. */
  interrupt(): Promise<Ended> {
    process.kill(-this.pid, 'SIGINT')
    return this.ended
  }

  /** What a reader does that has seen enough (`| head -1`). */
  closeOutput(): void {
    this.#child.stdout?.destroy()
  }
}

/** Runs the command to its end. */
export function ferraris(words: readonly string[], options?: StartOptions): Promise<Ended> {
  return new Ferraris(words, options).ended
}

/** What `--json` prints. */
export interface Report extends Omit<Summary, 'time_ms'> {
  readonly engine: string
  readonly from: string
  readonly to: string
  readonly simulated_s: number
}

/** Runs `ferraris run … --json` to its end, which must be a good one. */
export async function reportOf(words: readonly string[], options?: StartOptions): Promise<Report & { readonly terminal: string }> {
  const { code, stdout, stderr } = await ferraris(['run', ...words, '--json'], options)
  if (code !== 0) throw new Error(`ended with ${code}: ${stderr}`)
  return { ...(JSON.parse(stdout) as Report), terminal: stderr }
}
