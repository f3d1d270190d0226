import { ascii } from '../../../src/lib/ascii.ts'
import { FerrarisError } from '../../../src/lib/errors.ts'
import { sameSecret } from '../../../src/lib/secret.ts'
import type { ConsoleAccess, ConsoleTarget } from '../../../src/meter/console/target.ts'

export const SECRET = 'management secret'

/** A meter made up for the console: notes what it is asked to do. */
export class FakeTarget implements ConsoleTarget {
  readonly banner = 'Fake 1.0'
  access: ConsoleAccess = 'locked'
  sealOpen = false
  readonly calibrator = undefined
  now = 1_000_000
  utc_ms = 1_767_225_600_000
  canRestart = true
  full = false
  readonly done: string[] = []
  /** Tokens prove themselves what they may do: no login for them. */
  readonly tokens: string[] = []

  ticks_ms(): number {
    return this.now
  }
  checkManagement(candidate: Uint8Array): boolean {
    return sameSecret(candidate, ascii(SECRET))
  }
  lockedOut(duration_ms: number): void {
    this.done.push(`locked ${duration_ms}`)
  }
  *status(): Iterable<readonly [string, string]> {
    yield ['meter', 'Fake']
    yield ['seal', this.sealOpen ? 'open' : 'closed']
  }
  *registers() {
    yield { code: '1.8.0', value: '000001.234', unit: 'kWh', name: 'Active energy import' }
  }
  *events(count: number) {
    for (let i = 0; i < count; i++) yield { utc_s: 1_767_225_600 - i, sequence: 1000 - i, code: 2, text: 'Power up', parameter: i }
  }
  configuration() {
    return { dlms: { port: 4059, enabled: true }, face: { port: 8080 } }
  }
  setConfig(changes: Parameters<ConsoleTarget['setConfig']>[0]): readonly string[] {
    if (this.full) throw new FerrarisError('SETTINGS_FULL', 'no room')
    if (changes.some(({ path }) => path.startsWith('bad'))) return ['bad: line one', 'bad: line two']
    for (const { path, value } of changes) this.done.push(`set ${path} ${JSON.stringify(value)}`)
    return []
  }
  setSecret(name: string, text: string): readonly string[] {
    this.done.push(`secret ${name} ${text}`)
    if (name === 'dlms.management') this.access = 'locked'
    return []
  }
  setFirmwareKey(text: string): readonly string[] {
    this.done.push(`key ${text}`)
    return []
  }
  enterToken(text: string): readonly string[] {
    this.tokens.push(text)
    return ['accepted']
  }
  takeEmergency(): readonly string[] {
    this.tokens.push('emergency')
    return ['emergency credit taken']
  }
  now_ms(): number {
    return this.utc_ms
  }
  setClock(utc_ms: number): readonly string[] {
    this.utc_ms = utc_ms
    return []
  }
  requestReset(all: boolean): readonly string[] {
    if (all && !this.sealOpen) throw new FerrarisError('SEAL', 'the seal is closed')
    this.done.push(`reset ${all}`)
    return []
  }
  restart(): boolean {
    if (this.canRestart) this.done.push('restart')
    return this.canRestart
  }
}
