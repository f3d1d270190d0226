import { ByteReader, DecodeError } from '../../lib/bytes.ts'
import {
  encodeAnswer,
  type MeterRequest,
  REGISTER_LENGTH,
  REQUEST_PORT,
  type RegisterAnswer,
  RequestFailure,
  readRequest,
} from '../../protocols/meter-request/codec.ts'
import { Measurement, type MeasurementName } from '../../protocols/yobiiq/types-table.ts'
import type { MeterCore } from '../core.ts'
import type { PayloadFormat, Uplink } from './payload.ts'

/** Answers that are under way at once; what is asked for beyond that is refused. */
const JOBS_MAX = 8

/** Gives its uplinks one by one; undefined at its end. */
interface Job {
  next(room: number, now_s: number): Uplink | undefined
}

function answer(payload: Uint8Array): Uplink {
  return { fPort: REQUEST_PORT, payload }
}

function failure(id: number, reason: number): Uplink {
  return answer(encodeAnswer({ kind: 'failure', id, failure: reason }))
}

function once(uplinks: Uplink[]): Job {
  return { next: () => uplinks.shift() }
}

/** Answers what a downlink asks for: registers, and ranges of the profile, oldest entry first, as fast as the link takes them. */
export class Requests {
  readonly #core: MeterCore
  readonly #format: PayloadFormat
  #jobs: Job[] = []

  constructor(core: MeterCore, format: PayloadFormat) {
    this.#core = core
    this.#format = format
  }

  /** A downlink of requests. One that is not understood ends it; what stands before it is done. */
  take(payload: Uint8Array): void {
    const reader = new ByteReader(payload)
    while (reader.remaining > 0) {
      const id = reader.peek() & 15
      try {
        this.#begin(readRequest(reader))
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
        this.#add(once([failure(id, RequestFailure.malformed)]), id)
        return
      }
    }
  }

  /** The next uplink of the oldest answer. */
  next(room: number, now_s: number): Uplink | undefined {
    for (let job = this.#jobs[0]; job !== undefined; job = this.#jobs[0]) {
      const uplink = job.next(room, now_s)
      if (uplink !== undefined) return uplink
      this.#jobs.shift()
    }
    return undefined
  }

  #add(job: Job, id: number): void {
    // The last place is kept for saying that there is none.
    if (this.#jobs.length < JOBS_MAX - 1) this.#jobs.push(job)
    else if (this.#jobs.length < JOBS_MAX) this.#jobs.push(once([failure(id, RequestFailure.busy)]))
  }

  #begin(request: MeterRequest): void {
    const { id } = request
    if (request.kind === 'cancel') {
      this.#jobs = []
      this.#add(once([answer(encodeAnswer({ kind: 'profile', id, entries: 0 }))]), id)
    } else if (request.kind === 'types') this.#add(this.#types(id, request.types), id)
    else if (request.kind === 'registers') this.#add(this.#registers(id, request.codes), id)
    else this.#add(this.#profile(id, request.from_s, request.to_s), id)
  }

  /** Values of the moment in which they leave. */
  #types(id: number, types: readonly number[]): Job {
    const names = (Object.keys(Measurement) as MeasurementName[]).filter((name) => types.includes(Measurement[name].type))
    let uplinks: Uplink[] | undefined
    return {
      next: (room, now_s) => {
        if (uplinks === undefined) {
          uplinks = this.#format.report(now_s, names, room)
          if (uplinks.length === 0 || names.length < types.length) uplinks.push(failure(id, RequestFailure.unknown))
        }
        return uplinks.shift()
      },
    }
  }

  #registers(id: number, codes: readonly string[]): Job {
    const { registers, readings } = this.#core
    const found = codes.flatMap((code) => registers.find((entry) => entry.code === code) ?? [])
    let unknown = found.length < codes.length
    return {
      next: (room) => {
        const count = Math.max(0, Math.floor((room - 1) / REGISTER_LENGTH))
        const piece = found.splice(0, Math.max(1, count))
        if (piece.length > 0 && count === 0) return failure(id, RequestFailure.tooLong)
        if (piece.length > 0) {
          const values = piece.map((entry): RegisterAnswer => ({ ...entry, value: entry.read(readings) }))
          return answer(encodeAnswer({ kind: 'registers', id, registers: values }))
        }
        if (!unknown) return undefined
        unknown = false
        return failure(id, RequestFailure.unknown)
      },
    }
  }

  #profile(id: number, from_s: number, to_s: number): Job {
    const { log } = this.#core.profile
    let next = Math.max(log.firstSequence, log.firstAtOrAfter(from_s))
    const end = Math.min(log.nextSequence, to_s === 0xffffffff ? log.nextSequence : log.firstAtOrAfter(to_s + 1))
    let entries = 0
    let over = false
    return {
      next: (room) => {
        if (over) return undefined
        // What the ring has given up meanwhile is gone.
        next = Math.max(next, log.firstSequence)
        const uplink = next < end ? this.#format.entries(next, end, room) : undefined
        if (uplink?.cursor !== undefined) {
          const { cursor } = uplink
          return {
            ...uplink,
            told: () => {
              entries += cursor - next
              next = cursor
            },
          }
        }
        over = true
        if (next < end) return failure(id, RequestFailure.tooLong)
        if (entries === 0) return failure(id, RequestFailure.empty)
        return answer(encodeAnswer({ kind: 'profile', id, entries }))
      },
    }
  }
}
