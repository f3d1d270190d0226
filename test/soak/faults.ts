import type { Tear } from '../../src/world/chips/nor-flash.ts'
import type { Subject } from './subject.ts'

const TEARS: readonly Tear[] = ['none', 'complete', 'prefix', 'bits', 'garbage', 'erase-random']

/** Something that may happen to a meter, once in so many minutes. */
interface Fault {
  readonly minutes: number
  readonly happen: (subject: Subject) => void
  /** Only to a meter whose flash decays. */
  readonly decay?: boolean
}

function disturb({ machine, random, counts }: Subject, factor: number, duration_ms: number): void {
  counts.disturbances++
  if (random.below(3) === 0) machine.mains.disturb(random.below(3), factor, duration_ms)
  else machine.mains.disturbAll(factor, duration_ms)
}

/** Twenty to fifty short interruptions within a minute. */
function flicker(subject: Subject): void {
  const { machine, random, counts } = subject
  counts.disturbances++
  for (let left = 20 + random.below(30), at_ms = 0; left > 0; left--) {
    at_ms += 200 + random.below(1000)
    const duration_ms = 20 + random.below(600)
    machine.scheduler.after(at_ms * 1000, () => machine.mains.disturbAll(0, duration_ms))
  }
}

function cut({ machine, random, counts, decays }: Subject): void {
  counts.cuts++
  const tear = decays && random.below(4) === 0 ? 'reordered' : TEARS[random.below(TEARS.length)]
  machine.flash.cutAt(machine.flash.operations + 1 + random.below(40), tear)
}

function busFault({ machine, random, counts }: Subject): void {
  counts.busFaults++
  const { chip, scheduler } = machine
  const kind = random.below(4)
  if (kind === 0) chip.loseClock(random.below(32))
  else if (kind === 1) chip.spontaneousReset()
  else if (kind === 2) chip.flip(random.below(0x70), random.below(16))
  else {
    chip.stick(random.below(2) as 0 | 1)
    scheduler.after(1_000_000 * (1 + random.below(30)), () => chip.stick(undefined))
  }
}

function shiftClock({ machine, random, counts }: Subject): void {
  const core = machine.meter?.core
  if (core === undefined) return
  counts.clockShifts++
  // Mostly put right; now and then far off, as when somebody makes a mistake.
  const error_ms = random.below(3) === 0 ? (random.below(7200) - 3600) * 1000 : 0
  machine.board.run(() => core.setClock(machine.now_ms + error_ms))
}

function loseClock({ machine, counts }: Subject): void {
  counts.clockShifts++
  machine.mains.disturbAll(0, 20_000)
  machine.scheduler.after(10_000_000, () => {
    if (machine.meter === undefined) machine.clock.loseBackup()
  })
}

function useLoads({ machine, random }: Subject): void {
  const { appliances, photovoltaics, mains } = machine
  appliances[random.below(appliances.length)]?.switch(random.below(2) === 0)
  if (random.below(4) === 0) photovoltaics.set(random.below(2) === 0, random.below(9000))
  mains.update()
}

function restart({ machine, random }: Subject): void {
  machine.board.reset((['watchdog', 'fault', 'restart'] as const)[random.below(3)])
}

/** All that may go wrong, layer by layer: mains, flash, bus of the IC, clock, network, firmware. */
const FAULTS: readonly Fault[] = [
  { minutes: 20, happen: (subject) => disturb(subject, 0.4 + subject.random.float() / 2, 100 + subject.random.below(20_000)) },
  { minutes: 40, happen: (subject) => disturb(subject, 0, 50 + subject.random.below(60_000)) },
  { minutes: 200, happen: flicker },
  { minutes: 30, happen: cut },
  { minutes: 60, happen: busFault },
  { minutes: 300, happen: shiftClock },
  { minutes: 2000, happen: loseClock },
  { minutes: 10, happen: useLoads },
  { minutes: 300, happen: restart },
  {
    minutes: 8,
    happen: ({ peers, counts }) => {
      if (peers.connect()) counts.clients++
    },
  },
  { minutes: 100, happen: ({ peers }) => peers.hangUp() },
  {
    minutes: 300,
    decay: true,
    happen: ({ machine, random, counts }) => {
      counts.decays++
      machine.flash.rot(1 + random.below(3))
    },
  },
  {
    minutes: 300,
    decay: true,
    happen: ({ machine, random, counts }) => {
      counts.decays++
      machine.flash.cutAt(machine.flash.operations + 1 + random.below(40), 'dropped')
    },
  },
]

/** What happens to a meter in this minute. */
export function strike(subject: Subject): void {
  for (const { minutes, happen, decay } of FAULTS) {
    const strikes = subject.random.below(minutes) === 0
    if (strikes && (decay !== true || subject.decays)) subject.machine.board.run(() => happen(subject))
  }
}
