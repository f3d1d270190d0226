import { Meter, type MeterOptions } from './app.ts'
import { FaceView } from './views/face.ts'

/** Changes when a board of an older kind could not start a program any more. */
export const PROGRAM_INTERFACE = 1

/**
 * What a firmware image is to the board that runs it. On a device the boot loader jumps into the image; where an image is a script, this is its value, and
 * everything that knows the insides of the meter comes out of it.
 */
export interface Program {
  readonly interface: number
  start(options: MeterOptions): Meter
  face(meter: Meter): FaceView
}

export const PROGRAM: Program = Object.freeze({
  interface: PROGRAM_INTERFACE,
  start: (options: MeterOptions) => new Meter(options),
  face: (meter: Meter) => new FaceView(meter),
})
