import { strike } from './faults.ts'
import type { SoakOptions } from './options.ts'
import { Subject } from './subject.ts'

export interface Output {
  readonly print: (line: string) => void
  readonly progress: (line: string) => void
}

const COLUMNS = ['starts', 'cuts', 'disturbances', 'busFaults', 'clockShifts', 'decays', 'clients', 'reads', 'events'] as const

/** Lets a minute pass for one meter. A violation ends its run; the others go on. */
function minute(subject: Subject, hourly: boolean): void {
  if (subject.violation !== undefined) return
  try {
    strike(subject)
    for (let second = 0; second < 60; second++) subject.second()
    if (hourly) subject.check()
  } catch (error) {
    const at = new Date(subject.machine.now_ms).toISOString()
    subject.violation = `${at} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  }
}

function table(fleet: readonly Subject[]): string[] {
  const head = ['meter', ...COLUMNS, 'erases', 'violations']
  const rows = fleet.map((subject) => [
    `${subject.index}${subject.decays ? ' (flash decays)' : ''}`,
    ...COLUMNS.map((column) => String(subject.counts[column])),
    String(subject.erases),
    subject.violation === undefined ? '0' : '1',
  ])
  const width = head.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i].length)))
  return [head, ...rows].map((row) => row.map((cell, i) => cell.padStart(width[i])).join('  '))
}

/** Runs a fleet with faults on all layers. True when no promise was broken. */
export function soakFleet(options: SoakOptions, { print, progress }: Output): boolean {
  const { seed, hours, meters, json } = options
  progress(`seed ${seed}: ${meters} meters, ${hours} h`)
  const fleet = Array.from({ length: meters }, (_, index) => new Subject(seed, index))
  const minutes = Math.round(hours * 60)
  for (let done = 1; done <= minutes; done++) {
    for (const subject of fleet) minute(subject, done % 60 === 0)
    if (done % 60 === 0) progress(`${done / 60} h, ${fleet.reduce((sum, { counts }) => sum + counts.starts, 0)} starts`)
  }
  const broken = fleet.filter(({ violation }) => violation !== undefined)
  if (json) {
    const rows = fleet.map((subject) => ({ meter: subject.index, ...subject.counts, erases: subject.erases, violation: subject.violation }))
    print(JSON.stringify({ mode: 'fleet', seed, hours, meters: rows }))
  } else for (const line of table(fleet)) print(line)
  for (const subject of broken) progress(`FAULT meter ${subject.index}: ${subject.violation}`)
  if (broken.length > 0) progress(`again: npm run soak -- --seed ${seed} --meters ${meters} --hours ${hours}`)
  return broken.length === 0
}
