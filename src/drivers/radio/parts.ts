import type { Digital, DigitalConstructor } from '../../../hal/api/io.ts'

export interface Pin {
  readonly io: DigitalConstructor
  readonly pin: number
}

interface Closable {
  close(): void
}

/** Opens the parts of a driver one after the other. What was kept is closed again when one of them cannot be had; the error goes through. */
export function openTogether<Parts>(open: (keep: <Part extends Closable>(part: Part) => Part) => Parts): Parts {
  const opened: Closable[] = []
  try {
    return open((part) => {
      opened.push(part)
      return part
    })
  } catch (error) {
    for (const part of opened) part.close()
    throw error
  }
}

/** A reset line, not active. */
export function resetLine({ io, pin }: Pin): Digital {
  return new io({ pin, mode: 'Output', initialValue: 1 })
}

/** An interrupt line that tells of rising edges. */
export function interruptLine({ io, pin }: Pin, onReadable: () => void): Digital {
  return new io({ pin, mode: 'Input', edge: 'rising', onReadable })
}
