import { SeededRandom } from '../../lib/random.ts'
import type { ThreePhaseSkew } from './front-end.ts'

/** Stream of the seed. */
const STREAM = 12

/** What the parts are made for. */
export interface SkewRating {
  readonly voltage_V: number
  /** Basic current of a direct meter, rated current of one behind transformers. */
  readonly basic_A: number
}

/**
 * A front end from a box of ordinary parts, and not the lucky one of the box: divider and transformer 1 to 2 % off to the same side, the transformer's
 * phase displacement 0.1 to 0.4 degrees and a little more below a fiftieth of the basic current, where its ratio falls too; crosstalk up to 0.02 % of
 * the basic power. The same seed gives the same parts.
 */
export function seededSkew(seed: number, { voltage_V, basic_A }: SkewRating): ThreePhaseSkew {
  const random = new SeededRandom(seed, STREAM)
  const between = (least: number, most: number) => least + random.float() * (most - least)
  const crosstalk = voltage_V * basic_A * 0.0002
  const channel = () => {
    const side = random.float() < 0.5 ? -1 : 1
    return {
      voltageGain: side * between(0.011, 0.02),
      currentGain: side * between(0.011, 0.02),
      phase_deg: between(0.1, 0.4),
      droop: between(0, 0.003),
      droopPhase_deg: between(0, 0.1),
      knee_A: basic_A / 50,
      offset_W: between(-crosstalk, crosstalk),
      offset_var: between(-crosstalk, crosstalk),
      currentOffset_A: between(0, basic_A * 0.0004),
    }
  }
  return [channel(), channel(), channel()]
}
