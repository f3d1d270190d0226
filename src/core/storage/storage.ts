import type { Flash } from '../../../hal/api/flash.ts'
import { FerrarisError } from '../../lib/errors.ts'
import { Area } from './format.ts'
import { checkLayout, defaultLayout, extentOf, type Layout, sameLayout } from './layout.ts'
import { createWorkspace, type Workspace } from './record.ts'
import { RecordLog } from './record-log.ts'
import { RegisterJournal } from './register-journal.ts'
import { Settings } from './settings.ts'
import { readSuperblocks, writeSuperblock } from './superblock.ts'

/** Values of the register image unless the options say otherwise. */
const DEFAULT_REGISTERS = 48

export interface StorageOptions {
  /** For a new flash. A flash that was divided otherwise is refused. Default: what the flash says, else `defaultLayout`. */
  readonly layout?: Layout
  /** Values of the register image, 1…120. Default 48. */
  readonly registers?: number
}

/** What was found in one area; see the reports of its class. */
export interface AreaReport {
  readonly torn: number
  readonly corruptBlocks: number
  readonly missing: number
}

export interface StorageReport {
  /** Nothing had been stored before. */
  readonly fresh: boolean
  /** `repaired`: one copy of the layout was damaged; `rebuilt`: both were, and the default layout was taken. */
  readonly layout: 'good' | 'repaired' | 'rebuilt'
  readonly settings: AreaReport
  readonly registers: AreaReport
  readonly profile: AreaReport
  readonly events: AreaReport
  readonly powerFailures: AreaReport
  /** Operations that power loss interrupted. Normal after a power failure; nothing stored is missing because of them. */
  readonly torn: number
  /** Damaged blocks, missing records and damaged copies of the layout; above 0, something may be lost and the meter should say so. */
  readonly damaged: number
}

/** All that a meter keeps, in one flash. */
export interface Storage {
  readonly flash: Flash
  readonly layout: Layout
  readonly settings: Settings
  readonly registers: RegisterJournal
  readonly profile: RecordLog
  readonly events: RecordLog
  readonly powerFailures: RecordLog
  readonly report: StorageReport
}

type Areas = Pick<Storage, 'settings' | 'registers' | 'profile' | 'events' | 'powerFailures'>

function createAreas(flash: Flash, layout: Layout, workspace: Workspace, count: number): Areas {
  return {
    settings: new Settings(flash, { ...extentOf(layout, Area.settings), workspace }),
    registers: new RegisterJournal(flash, { ...extentOf(layout, Area.registers), workspace, count }),
    profile: new RecordLog(flash, { ...extentOf(layout, Area.profile), workspace }),
    events: new RecordLog(flash, { ...extentOf(layout, Area.events), workspace }),
    powerFailures: new RecordLog(flash, { ...extentOf(layout, Area.powerFailures), workspace }),
  }
}

/** Mounts without writing, so that a flash of a newer version is refused as it was. */
function mountAreas(areas: Areas) {
  const reports = {
    settings: areas.settings.mount(),
    registers: areas.registers.mount(),
    profile: areas.profile.mount(),
    events: areas.events.mount(),
    powerFailures: areas.powerFailures.mount(),
  }
  const newer = Object.values(reports).reduce((sum, report) => sum + report.unknownVersion, 0)
  if (newer > 0) {
    throw new FerrarisError('STORAGE_VERSION', 'the flash holds blocks of a format that this firmware does not know; it is left as it is')
  }
  return reports
}

function isEmpty(areas: Areas): boolean {
  const { settings, profile, events, powerFailures, registers } = areas
  const entries = profile.count + events.count + powerFailures.count + settings.keys().length
  return entries === 0 && !registers.found
}

/**
 * Opens the storage of a meter: finds the newest consistent content of every area, repairs the layout, and erases the block ahead of each area.
 * Damage never stops it: unreadable blocks are dropped, and `report` says what happened.
 *
 * Errors: FerrarisError `STORAGE_VERSION` for content of a newer format and `STORAGE_LAYOUT` for a flash of another shape or an impossible
 * layout (nothing is written then); `STORAGE_SMALL` for a flash below the minimum.
 */
export function openStorage(flash: Flash, options: StorageOptions = {}): Storage {
  const status = flash.status()
  const workspace = createWorkspace(status.blockLength)
  const found = readSuperblocks(flash, workspace)
  const layout = found.layout ?? options.layout ?? defaultLayout(status)
  checkLayout(layout, status)
  if (options.layout !== undefined && !sameLayout(layout, options.layout)) {
    throw new FerrarisError('STORAGE_LAYOUT', 'the flash is divided in another way than asked for')
  }
  const areas = createAreas(flash, layout, workspace, options.registers ?? DEFAULT_REGISTERS)
  const reports = mountAreas(areas)
  for (const block of found.bad) writeSuperblock(flash, workspace, block, layout)
  areas.settings.prepare()
  areas.registers.prepare()
  for (const log of [areas.profile, areas.events, areas.powerFailures]) log.prepare()

  const all = Object.values(reports)
  const torn = all.reduce((sum, report) => sum + report.torn, 0)
  const lost = all.reduce((sum, report) => sum + report.corruptBlocks + report.missing, 0)
  // A first start that was cut off leaves a torn copy of the layout over empty areas: still a new flash.
  const fresh = lost === 0 && isEmpty(areas)
  const damaged = lost + (fresh ? 0 : found.bad.length)
  const state = fresh || found.bad.length === 0 ? 'good' : found.layout === undefined ? 'rebuilt' : 'repaired'
  return { flash, layout, ...areas, report: { fresh, layout: state, ...reports, torn, damaged } }
}
