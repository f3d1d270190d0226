import { isCivil, utcFromCivil_ms } from '../../lib/calendar.ts'

/** `02h46m12s on 22/10/2021`, and `02h46m12s 2021-10-22` of older documents. */
const HOURS_FIRST = /(\d{1,2})h(\d{1,2})m(\d{1,2})s (?:on )?(?:(\d{1,2})\/(\d{1,2})\/(\d{4})|(\d{4})-(\d{1,2})-(\d{1,2}))/
/** `2021-10-22 02:46:12.345`. */
const DATE_FIRST = /(\d{4})-(\d{1,2})-(\d{1,2}) (\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,3}))?/

/** UTC of a module's clock; undefined for what is no time. */
export function readTime(text: string): number | undefined {
  const hours = HOURS_FIRST.exec(text)
  if (hours !== null) {
    const [, hour, minute, second] = hours
    const [day, month, year] = hours[4] === undefined ? [hours[9], hours[8], hours[7]] : [hours[4], hours[5], hours[6]]
    return utcOf([year, month, day, hour, minute, second], 0)
  }
  const date = DATE_FIRST.exec(text)
  if (date === null) return undefined
  return utcOf(date.slice(1, 7), date[7] === undefined ? 0 : Number(date[7].padEnd(3, '0')))
}

function utcOf(fields: readonly string[], ms: number): number | undefined {
  const [year, month, day, hour, minute, second] = fields.map(Number)
  const time = { year, month, day, hour, minute, second, ms }
  return isCivil(time) ? utcFromCivil_ms(time) : undefined
}
