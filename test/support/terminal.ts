import { BOARD } from '../../boards/virtual/board.ts'
import type { Serial } from '../../hal/api/io.ts'
import type { Rig } from '../scenarios/rig.ts'

/** A person with a terminal at the service port of a virtual meter. */
export class Terminal {
  readonly #rig: Rig
  readonly #serial: Serial
  #heard = ''
  #queue: number[] = []
  #room = 0

  constructor(rig: Rig) {
    this.#rig = rig
    this.#serial = new (rig.machine.board.cable.end(1))({
      baud: BOARD.console.baud,
      onReadable: () => {
        for (const byte of this.#serial.read() ?? []) this.#heard += String.fromCharCode(byte)
      },
      onWritable: (count) => {
        this.#room = count
        this.#send()
      },
    })
    rig.run(1500)
  }

  /** Types a line, waits, and gives what came back, without the prompt. */
  say(line: string, wait_s = 1): string {
    this.#heard = ''
    this.type(line)
    this.#rig.run(wait_s * 1000)
    return this.#heard.replaceAll('\r', '').replace(/\n?[#>] $/, '')
  }

  /** Types a line and goes on. */
  type(line: string): void {
    for (let i = 0; i < line.length; i++) this.#queue.push(line.charCodeAt(i))
    this.#queue.push(0x0d)
    this.#send()
  }

  close(): void {
    this.#serial.close()
  }

  #send(): void {
    const piece = this.#queue.splice(0, this.#room)
    this.#room -= piece.length
    if (piece.length > 0) this.#serial.write(Uint8Array.from(piece))
  }
}
