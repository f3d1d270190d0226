import { type MeteringSample, MeteringStatus } from '../../../lib/metering-sample.ts'
import type { Circuit } from './circuit.ts'
import { CURRENT_VALID, type Frame, POWER_VALID, VOLTAGE_VALID } from './frame.ts'

/** P may exceed U * I by what the three measure differently: a fifth, and 10 W where the current is below its range. */
const POWER_RATIO = 1.2
const POWER_SLACK_MW = 10_000

/** Whether the frame says that there is no voltage. */
export function isLoss(frame: Frame, circuit: Circuit): boolean {
  const known = frame.noVoltage || (frame.valid & VOLTAGE_VALID) !== 0
  return known && scaled(frame.voltageCoefficient, frame.voltagePeriod, circuit.voltage_mV) < circuit.phaseLoss_mV
}

/** The measured values, kept while the chip has nothing new of one of them. */
export class Values {
  voltage_mV = 0
  current_mA = 0
  active_mW = 0

  /** Takes a frame; false, and nothing changed, when mains cannot be so: a frame may be wrong although its checksum is right. */
  take(frame: Frame, circuit: Circuit): boolean {
    const { valid, noLoad, noVoltage } = frame
    const known_mV = valid & VOLTAGE_VALID ? scaled(frame.voltageCoefficient, frame.voltagePeriod, circuit.voltage_mV) : this.voltage_mV
    const voltage_mV = noVoltage ? 0 : known_mV
    const measured_mA = valid & CURRENT_VALID ? scaled(frame.currentCoefficient, frame.currentPeriod, circuit.current_mA) : this.current_mA
    // Below the range both are noise: no load means 0.
    const current_mA = noLoad ? 0 : measured_mA
    const active_mW = noLoad ? 0 : this.power(frame, circuit)
    if (voltage_mV > circuit.voltage_max_mV || current_mA > circuit.current_max_mA) return false
    if (active_mW > POWER_RATIO * ((voltage_mV * current_mA) / 1000) + POWER_SLACK_MW) return false
    this.voltage_mV = voltage_mV
    this.current_mA = current_mA
    this.active_mW = active_mW
    return true
  }

  publish(circuit: Circuit, noLoad: boolean, sample: MeteringSample): void {
    const active_mW = Math.round(this.active_mW)
    const apparent_mVA = Math.max(Math.round((this.voltage_mV * this.current_mA) / 1000), active_mW)
    sample.voltage_mV[0] = Math.round(this.voltage_mV)
    sample.current_mA[0] = Math.round(this.current_mA)
    sample.active_mW.fill(active_mW, 0, 2)
    sample.apparent_mVA.fill(apparent_mVA, 0, 2)
    sample.powerFactor_milli.fill(apparent_mVA === 0 ? 0 : Math.round((1000 * active_mW) / apparent_mVA), 0, 2)
    sample.status = noLoad ? MeteringStatus.noLoad : 0
    if (this.voltage_mV < circuit.phaseLoss_mV) sample.status |= MeteringStatus.phaseLossL1
    if (this.voltage_mV < circuit.sag_mV) sample.status |= MeteringStatus.sagL1
  }

  /** While a period is not complete the register shows the time since the last pulse: the power is at most what that would be, and not more than it was. */
  private power(frame: Frame, circuit: Circuit): number {
    const power_mW = scaled(frame.powerCoefficient, frame.powerPeriod, circuit.power_mW)
    return frame.valid & POWER_VALID ? power_mW : Math.min(power_mW, this.active_mW)
  }
}

/** Infinite for a period of 0, which no limit lets through. */
function scaled(coefficient: number, period: number, unit: number): number {
  return period === 0 ? Number.POSITIVE_INFINITY : (coefficient / period) * unit
}
