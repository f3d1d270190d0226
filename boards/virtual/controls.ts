import type { FaceAirSource } from '../../src/meter/face/air-state.ts'
import type { FaceExtension, FaceWorld, MainsState, WorldCommand } from '../../src/meter/face/state.ts'
import type { Machine } from './machine.ts'
import type { PulseHouse } from './pulse.ts'

/** A sag as a long line with a stalled motor gives: well below the 78 % that the IC calls a sag, well above the supply's limit. */
const SAG_FACTOR = 0.65

/** What the page calls the recorded load. */
const HOUSEHOLD = 'Recorded household'

function stateOf(factor: number): MainsState {
  return factor === 0 ? 'off' : factor < 0.9 ? 'sag' : 'on'
}

/** The world's panel beside the face of the meter. */
export class WorldControls implements FaceExtension {
  readonly #machine: Machine

  constructor(machine: Machine) {
    this.#machine = machine
  }

  get air(): FaceAirSource | undefined {
    return this.#machine.lorawan?.watch
  }

  state(): Omit<FaceWorld, 'type'> {
    const { board, mains, speed, actualSpeed, now_ms, options, pulses } = this.#machine
    return {
      time_ms: now_ms,
      speed: speed === Number.POSITIVE_INFINITY ? 'max' : speed,
      actualSpeed,
      seed: options.seed,
      mains: Array.from(mains.factor.subarray(0, this.#machine.phases), stateOf),
      tamper: {
        terminalCover: board.tampered('terminalCover'),
        meterCover: board.tampered('meterCover'),
        magneticField: board.tampered('magneticField'),
        seal: board.tampered('seal'),
      },
      ...(pulses === undefined ? this.#house() : this.#meterHouse(pulses)),
    }
  }

  #house(): Pick<FaceWorld, 'household' | 'appliances' | 'pv'> {
    const { appliances, photovoltaics, options } = this.#machine
    return {
      household: { name: HOUSEHOLD, power_W: this.#machine.household_W },
      appliances: appliances.map(({ id, name, rated_W, on, phase }) => ({
        id,
        name,
        power_W: rated_W,
        on,
        phase: phase === 'all' ? 0 : phase,
      })),
      pv: { on: photovoltaics.on, power_W: photovoltaics.power_W, max_W: options.config.world.photovoltaics_W },
    }
  }

  /** What flows through a meter with pulse outputs, in its own unit per hour. */
  #meterHouse(pulses: PulseHouse): Pick<FaceWorld, 'household' | 'appliances' | 'flow'> {
    return {
      household: { name: pulses.house, power_W: (pulses.flow.rate - pulses.tapped) / 1000 },
      appliances: pulses.taps.map(({ id, name, rate, on }) => ({ id, name, power_W: rate / 1000, on, phase: 1 })),
      ...(pulses.volume === undefined && { flow: { unit: 'l/h', kilo: 'm³/h' } }),
    }
  }

  command(command: WorldCommand): { readonly ok: true } | { readonly error: string } {
    const machine = this.#machine
    if (command.command === 'speed') machine.speed = command.speed === 'max' ? Number.POSITIVE_INFINITY : command.speed
    else if (command.command === 'mains') {
      if (command.phase > machine.phases) return { error: 'this meter has one phase' }
      this.#mains(command.phase, command.state)
    } else if (command.command === 'tamper') machine.board.tamper(command.what, command.on)
    else if (command.command === 'pv') {
      const max_W = machine.options.config.world.photovoltaics_W
      if (command.power_W > max_W) return { error: `the inverter feeds in ${max_W} W at most` }
      machine.photovoltaics.set(command.on, command.power_W)
      machine.mains.update()
    } else if (machine.pulses?.turn(command.appliance, command.on) !== true) {
      const appliance = machine.appliances.find(({ id }) => id === command.appliance)
      if (appliance === undefined) return { error: `no appliance "${command.appliance}"` }
      appliance.switch(command.on)
      machine.mains.update()
    }
    return { ok: true }
  }

  #mains(phase: 0 | 1 | 2 | 3, state: MainsState): void {
    const factor = state === 'off' ? 0 : state === 'sag' ? SAG_FACTOR : 1
    if (phase === 0) this.#machine.mains.disturbAll(factor)
    else this.#machine.mains.disturb(phase - 1, factor)
  }
}
