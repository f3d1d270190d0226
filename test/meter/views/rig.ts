import { Rig, type RigOptions } from '../../scenarios/rig.ts'

/** 2026-01-05 12:00:00 UTC, a Monday. */
export const START_MS = Date.UTC(2026, 0, 5, 12)

/** A virtual meter on a mains that stands still, without loads but those that a test switches on. */
export function quietRig(options: RigOptions = {}): Rig {
  return new Rig({ trace: null, start_ms: START_MS, config: { world: { wander: false } }, ...options })
}

export function switchOn(rig: Rig, id: string): void {
  const appliance = rig.machine.appliances.find((candidate) => candidate.id === id)
  if (appliance === undefined) throw new Error(`no appliance ${id}`)
  appliance.switch(true)
  rig.machine.mains.update()
}

export function feedIn(rig: Rig, power_W: number): void {
  rig.machine.photovoltaics.set(true, power_W)
  rig.machine.mains.update()
}
