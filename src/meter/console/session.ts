import { FerrarisError } from '../../lib/errors.ts'
import { LockOut } from '../../protocols/dlms/lock-out.ts'
import { secretBytes } from '../secrets.ts'
import { isEndOfSupply } from '../supervisor.ts'
import { type Answer, error, firstWord } from './answer.ts'
import { COMMANDS, findCommand } from './commands.ts'
import type { ConsoleTarget } from './target.ts'

/** A login ends after so long without a command. */
export const IDLE_MS = 300_000
/** The only one who logs in here. */
const SERVICE = 0

/** What the session answers itself. */
const OWN_HELP: readonly (readonly [string, string])[] = [
  ['help', 'this list'],
  ['login secret', 'with the management secret, for the commands marked *'],
  ['logout', 'end of the login'],
  ['echo on|off', 'whether the console repeats what is typed; off at the start'],
]

/** The console without a port: takes lines, gives lines. Knows who is logged in. */
export class ConsoleSession {
  readonly #target: ConsoleTarget
  readonly #lockOut: LockOut
  #lockedUntil_ms = Number.NEGATIVE_INFINITY
  #loggedIn = false
  #lastCommand_ms: number
  /** What is typed is to be repeated. */
  echo = false

  constructor(target: ConsoleTarget) {
    this.#target = target
    this.#lastCommand_ms = target.ticks_ms()
    this.#lockOut = new LockOut([SERVICE], {
      ticks_ms: () => target.ticks_ms(),
      onLockOut: (_, duration_ms) => {
        this.#lockedUntil_ms = target.ticks_ms() + duration_ms
        target.lockedOut(duration_ms)
      },
    })
  }

  get banner(): string {
    return `${this.#target.banner}; help lists the commands`
  }

  /** `#` for whoever may change things. */
  get prompt(): string {
    this.#expire()
    return this.#mayWrite() ? '# ' : '> '
  }

  /** The next line of the answer is not there yet: something is being measured. */
  get busy(): boolean {
    return this.#target.calibrator?.busy === true
  }

  /** The answer that was being made is given up. */
  interrupt(): void {
    if (this.busy) this.#target.calibrator?.abort()
  }

  /** Runs a command. The lines are made while they are taken; a command may be given up in the middle of its answer. */
  *execute(line: string): Generator<string, void, undefined> {
    const [name, rest] = firstWord(line)
    // Also what a short circuit between the two wires of the port returns of our own lines: it must not be answered for ever.
    if (name === '' || name.startsWith('>') || name.startsWith('#') || name === 'error:') return
    this.#expire()
    this.#lastCommand_ms = this.#target.ticks_ms()
    try {
      yield* this.#answer(name, rest)
    } catch (reason) {
      if (isEndOfSupply(reason) || !(reason instanceof FerrarisError)) throw reason
      yield* reason.message.split('\n').map(error)
    }
  }

  #expire(): void {
    if (this.#target.ticks_ms() - this.#lastCommand_ms >= IDLE_MS) this.#loggedIn = false
  }

  #mayWrite(): boolean {
    return this.#loggedIn || this.#target.access === 'open'
  }

  *#answer(name: string, rest: string): Answer {
    if (name === 'help') yield* this.#help()
    else if (name === 'login') yield this.#login(rest)
    else if (name === 'logout') yield this.#logout()
    else if (name === 'echo') yield this.#setEcho(rest)
    else yield* this.#run(name, rest)
  }

  *#run(name: string, rest: string): Answer {
    const command = findCommand(name, rest)
    if (command === undefined) {
      yield error(`unknown command ${JSON.stringify(name.slice(0, 20))}; help lists the commands`)
      return
    }
    if (rest !== '' && command.parameters === '') {
      yield error(`${name} takes no parameter`)
      return
    }
    const refusal = command.writes ? this.#refusal(name, rest) : undefined
    if (refusal !== undefined) {
      yield error(`${name}: ${refusal}`)
      return
    }
    // Whoever gives a new meter its management secret stays in to finish.
    if (command.writes && this.#target.access === 'open') this.#loggedIn = true
    yield* command.run(this.#target, rest)
  }

  /** Why a command that changes something is not for whoever sits there; undefined when it is. */
  #refusal(name: string, rest: string): string | undefined {
    const { access, sealOpen } = this.#target
    if (access !== 'unreadable') return this.#mayWrite() ? undefined : 'log in first'
    // Nobody can log in any more. Whoever may break the seal may make an empty meter of it.
    if (name === 'factory-reset' && rest === 'all' && sealOpen) return undefined
    return 'the management secret cannot be read, so nobody can log in'
  }

  *#help(): Answer {
    for (const [usage, help] of OWN_HELP) yield `  ${usage.padEnd(24)} ${help}`
    for (const { name, parameters, help, writes } of COMMANDS) yield `${writes ? '*' : ' '} ${`${name} ${parameters}`.padEnd(24)} ${help}`
  }

  #login(text: string): string {
    const { access } = this.#target
    if (access === 'open') return error('login: no management secret is set; all commands are open')
    if (access === 'unreadable') return error('login: the management secret cannot be read, so nobody can log in')
    const wait_ms = this.#lockedUntil_ms - this.#target.ticks_ms()
    if (wait_ms > 0) return error(`login: too many wrong secrets; try again in ${Math.ceil(wait_ms / 1000)} s`)
    const candidate = secretBytes(text) ?? new Uint8Array(0)
    this.#loggedIn = this.#lockOut.admit(SERVICE, () => this.#target.checkManagement(candidate))
    return this.#loggedIn ? 'logged in' : error('login: wrong secret')
  }

  #logout(): string {
    this.#loggedIn = false
    return 'logged out'
  }

  #setEcho(rest: string): string {
    if (rest !== 'on' && rest !== 'off') return error('echo: allowed is on or off')
    this.echo = rest === 'on'
    return `echo ${rest}`
  }
}
