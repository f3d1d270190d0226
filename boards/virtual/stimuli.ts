import { SwitchedLoad } from '../../src/world/relay.ts'
import { type AppliedEnergy, disturb, EnergyIntegral, type Stimulus, TestSource } from '../../src/world/stimulus.ts'
import type { Machine } from './machine.ts'

/** The test source and the counter of what was applied, at a machine: what a test plan acts on. */
export class Stimuli {
  readonly #machine: Machine
  readonly #source = new TestSource()
  readonly #applied: EnergyIntegral

  constructor(machine: Machine) {
    this.#machine = machine
    const { mains, relay, scheduler } = machine
    mains.add(new SwitchedLoad(relay, this.#source))
    this.#applied = new EnergyIntegral(() => scheduler.now_us)
    machine.onMains = (electrical) => this.#applied.change(electrical)
    mains.update()
  }

  /** What is wrong with the stimulus here, or undefined when it is done. */
  apply(stimulus: Stimulus): string | undefined {
    const machine = this.#machine
    const { phases } = machine
    if ('phase' in stimulus && stimulus.phase !== 'all' && stimulus.phase > phases) return `this meter has ${phases} phase`
    switch (stimulus.kind) {
      case 'load':
        this.#source.set(stimulus.phase, phases, stimulus.active_W, stimulus.reactive_var)
        machine.mains.update()
        return undefined
      case 'mains':
        disturb(machine.mains, stimulus.phase, stimulus.factor, stimulus.duration_ms)
        return undefined
      case 'tamper':
        machine.board.tamper(stimulus.what, stimulus.on)
        return undefined
      case 'appliance': {
        const appliance = machine.appliances.find(({ id }) => id === stimulus.id)
        if (appliance === undefined) return `there is no appliance "${stimulus.id}" in this house`
        appliance.switch(stimulus.on)
        machine.mains.update()
        return undefined
      }
    }
  }

  get applied(): AppliedEnergy {
    return this.#applied.read()
  }
}
