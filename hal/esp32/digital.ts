import NativeDigital from 'embedded:io/digital'
import { checkCallbacks, closedError } from '../../src/lib/check.ts'
import type { Digital, DigitalConstructor, DigitalEdge, DigitalMode, DigitalOptions } from '../api/io.ts'
import { checkPin } from './pin.ts'

function isOutput(mode: DigitalMode): boolean {
  return mode === 'Output' || mode === 'OutputOpenDrain'
}

/** Number of a mode in the port; the names are its own. */
function modeOf(mode: DigitalMode): number {
  const known = mode === 'Input' || mode === 'InputPullUp' || mode === 'InputPullDown' || isOutput(mode)
  if (!known) throw new RangeError(`mode: found ${mode}`)
  return NativeDigital[mode]
}

function edgeOf(edge: DigitalEdge | undefined): number {
  if (edge === 'rising') return NativeDigital.Rising
  if (edge === 'falling') return NativeDigital.Falling
  if (edge === 'both') return NativeDigital.Rising | NativeDigital.Falling
  throw new RangeError(`edge: found ${edge}`)
}

/**
 * A pin of the ESP32. Between an edge and its callback stands the queue of the main task: some milliseconds while the meter computes, and several edges may
 * become one call.
 *
 * Errors of the constructor: TypeError and RangeError for options, Error for a pin that is in use or that the chip lacks.
 */
class Esp32DigitalPin implements Digital {
  #io: NativeDigital | undefined
  /** The port does not read outputs. */
  #driven: 0 | 1 | undefined

  constructor(options: DigitalOptions) {
    checkCallbacks(options, ['onReadable'])
    const { mode, initialValue = 0, onReadable } = options
    const pin = checkPin('pin', options.pin)
    const wanted: ConstructorParameters<typeof NativeDigital>[0] = { pin, mode: modeOf(mode) }
    if (isOutput(mode)) {
      this.#driven = initialValue
      wanted.initialValue = initialValue
    } else if (onReadable !== undefined) {
      wanted.edge = edgeOf(options.edge)
      wanted.onReadable = () => {
        if (this.#io !== undefined) onReadable()
      }
    }
    this.#io = new NativeDigital(wanted)
  }

  read(): 0 | 1 {
    return this.#driven ?? this.#open().read()
  }

  write(value: 0 | 1): void {
    const io = this.#open()
    io.write(value)
    this.#driven = value
  }

  close(): void {
    this.#io?.close()
    this.#io = undefined
    this.#driven = undefined
  }

  #open(): NativeDigital {
    if (this.#io === undefined) throw closedError('Digital')
    return this.#io
  }
}

export const Esp32Digital: DigitalConstructor = Esp32DigitalPin
