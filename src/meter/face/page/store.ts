import type { FaceAir, FaceSignal } from '../air-state.ts'
import type { FaceFrame, FaceRadio } from '../radio-state.ts'
import type { FaceCurve, FaceEvent, FaceHello, FaceMessage, FaceReply, FaceState, FaceWorld } from '../state.ts'

/** `[s since 1970, W]` */
export type LivePoint = readonly [number, number]

export interface Model {
  readonly hello?: FaceHello
  readonly state?: FaceState
  readonly world?: FaceWorld
  readonly events: readonly FaceEvent[]
  readonly curve?: FaceCurve
  /** Signed power, oldest first. */
  readonly live: readonly LivePoint[]
  readonly radio?: FaceRadio
  /** Newest first: more than the meter keeps. */
  readonly frames: readonly FaceFrame[]
  readonly air?: FaceAir
  /** Newest first. */
  readonly signals: readonly FaceSignal[]
}

export const EMPTY: Model = { events: [], live: [], frames: [], signals: [] }

/** Points kept: a bit more than a minute at four a second. */
const LIVE_POINTS = 300
const FRAMES = 24

function addLive(live: readonly LivePoint[], state: FaceState): readonly LivePoint[] {
  const time_s = state.time_ms / 1000
  const last = live[live.length - 1]
  if (last !== undefined && time_s === last[0]) return live
  const point: LivePoint = [time_s, state.total.active_W]
  // A clock that was set back would fold the line over itself.
  if (last !== undefined && time_s < last[0]) return [point]
  return [...live.slice(1 - LIVE_POINTS), point]
}

function newestFirst<Item>(fresh: readonly Item[], known: readonly Item[]): readonly Item[] {
  return fresh.length === 0 ? known : [...fresh].reverse().concat(known).slice(0, FRAMES)
}

/** Puts a message into the model. */
export function reduce(model: Model, message: Exclude<FaceMessage, FaceReply>): Model {
  switch (message.type) {
    case 'hello':
      // A meter that comes back may be another one: nothing old stays.
      return { ...EMPTY, hello: message }
    case 'state':
      return { ...model, state: message, live: message.powered ? addLive(model.live, message) : model.live }
    case 'world':
      return { ...model, world: message }
    case 'radio':
      return { ...model, radio: message }
    case 'frames':
      return { ...model, frames: newestFirst(message.frames, model.frames) }
    case 'air':
      return { ...model, air: message }
    case 'signals':
      return { ...model, signals: newestFirst(message.signals, model.signals) }
    case 'events':
      return { ...model, events: message.events }
    case 'curve': {
      const first = model.live[0]?.[0] ?? Number.POSITIVE_INFINITY
      const earlier = model.curve === undefined ? message.live.filter(([time_s]) => time_s < first) : []
      return { ...model, curve: message, live: [...earlier, ...model.live].slice(-LIVE_POINTS) }
    }
    default:
      return model
  }
}
