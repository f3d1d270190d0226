import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { until } from '../contract/until.ts'

/** Debian keeps daemons apart. */
const PATH = `${process.env.PATH ?? ''}${delimiter}/usr/sbin`
const env = { ...process.env, PATH }

export const brokerAvailable =
  spawnSync('mosquitto', ['-h'], { env }).error === undefined && spawnSync('mosquitto_sub', ['--help'], { env }).error === undefined

export function tellWithoutBroker(): void {
  if (!brokerAvailable) console.log('skipped: no mosquitto and mosquitto_sub')
}

/** A port that nobody has at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

/** Mosquitto on the loopback interface, and its own client. */
export class Broker {
  readonly port: number
  readonly #children: ChildProcess[] = []
  readonly #folder = mkdtempSync(join(tmpdir(), 'ferraris-broker-'))
  /** Topic and text of each message that came. */
  readonly messages: (readonly [topic: string, text: string])[] = []

  private constructor(port: number) {
    this.port = port
    const file = join(this.#folder, 'mosquitto.conf')
    writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\n`)
    this.start('mosquitto', ['-c', file])
  }

  static async open(): Promise<Broker> {
    const broker = new Broker(await freePort())
    await until(() => spawnSync('mosquitto_pub', ['-p', String(broker.port), '-t', 'ready', '-m', ''], { env }).status === 0, 'mosquitto')
    let rest = ''
    const sub = broker.start('mosquitto_sub', ['-p', String(broker.port), '-v', '-t', '#'])
    sub.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) broker.messages.push([line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)])
    })
    await until(() => {
      broker.publish('ready', 'yes')
      return broker.messages.length > 0
    }, 'mosquitto_sub')
    return broker
  }

  start(command: string, words: readonly string[]): ChildProcess {
    const child = spawn(command, words, { env, stdio: ['ignore', 'pipe', 'ignore'] })
    this.#children.push(child)
    return child
  }

  publish(topic: string, text: string): void {
    spawnSync('mosquitto_pub', ['-h', '127.0.0.1', '-p', String(this.port), '-t', topic, '-m', text], { env })
  }

  /** JSON of the messages whose topic ends so. */
  of(ending: string): Record<string, unknown>[] {
    return this.messages.filter(([topic]) => topic.endsWith(ending)).map(([, text]) => JSON.parse(text))
  }

  close(): void {
    for (const child of this.#children) child.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
