import type { Storage } from '../core/storage/storage.ts'
import { FerrarisError } from '../lib/errors.ts'
import type { Fraction } from '../lib/fraction.ts'
import { encodeUtf8 } from '../lib/utf8.ts'
import { lastSign_s } from './last-sign.ts'
import { ifFlashTakesIt } from './secrets.ts'

/** What a count of the registers in flash is worth: `numerator/denominator` in mWh. Absent on meters with an ATM90E32, which were the first. */
const UNIT_KEY = 'metering.unit'
const FIRST_UNIT = '25/8'

/**
 * Registers are counts of the IC: with another one they would be other energies. Throws FerrarisError `METERING_UNIT`, before anything is changed, when the
 * flash belongs to a meter with another IC; notes the unit of a new meter.
 */
export function checkEnergyUnit(storage: Storage, { numerator, denominator }: Fraction): void {
  const { settings } = storage
  const unit = `${numerator}/${denominator}`
  const stored = settings.get(UNIT_KEY)
  const first = lastSign_s(storage) > 0 ? FIRST_UNIT : undefined
  const known = stored === undefined ? first : String.fromCharCode(...stored)
  if (known === undefined) {
    if (unit !== FIRST_UNIT) ifFlashTakesIt(() => settings.set(UNIT_KEY, encodeUtf8(unit)))
  } else if (known !== unit) {
    throw new FerrarisError(
      'METERING_UNIT',
      `the flash belongs to a meter whose IC counts ${known} mWh, the IC of this board counts ${unit} mWh; its registers would be wrong`,
    )
  }
}
