import type { Flash, FlashStatus } from '../../../hal/api/flash.ts'
import { FerrarisError } from '../../lib/errors.ts'
import type { RingReport } from './block-ring.ts'
import { Counters } from './counters.ts'
import { Area } from './format.ts'
import { checkLayout, defaultLayout, extentOf, findExtent, type Layout, newestAreas, SUPERBLOCKS, sameLayout, withAreas } from './layout.ts'
import { createWorkspace, type Workspace } from './record.ts'
import { RecordLog } from './record-log.ts'
import { RegisterJournal } from './register-journal.ts'
import { Settings } from './settings.ts'
import { readSuperblocks, type Superblocks, writeSuperblock } from './superblock.ts'

/** Values of the register image unless the options say otherwise: energies, rates and counters of the meter, and three that are free. */
const DEFAULT_REGISTERS = 116

export interface StorageOptions {
  /** For a new flash. A flash that was divided otherwise is refused. Default: what the flash says, else `defaultLayout`. */
  readonly layout?: Layout
  /** Values of the register image, 1…120. Default 116. */
  readonly registers?: number
}

/** Logs that a flash without room for them does without. */
const OPTIONAL_LOGS = ['billing', 'fraud', 'disconnector', 'quality', 'communication', 'daily', 'monthly', 'powerQuality'] as const
type OptionalLog = (typeof OPTIONAL_LOGS)[number]
/** The areas by name, the most urgent one first: where room is equally short, it is erased first. */
const AREA_NAMES = ['registers', 'powerFailures', 'counters', 'events', ...OPTIONAL_LOGS, 'profile', 'settings'] as const
type AreaName = (typeof AREA_NAMES)[number]

export interface StorageReport {
  /** Nothing had been stored before. */
  readonly fresh: boolean
  /**
   * `repaired`: one copy of the layout was damaged; `rebuilt`: both were, and the default layout was taken; `migrated`: the flash was divided by
   * an older firmware, and has got the areas that this one needs.
   */
  readonly layout: 'good' | 'repaired' | 'rebuilt' | 'migrated'
  /** Areas in which no block could be erased for what comes next. They can be read; writing to them throws `STORAGE_WORN` sooner or later. */
  readonly worn: readonly AreaName[]
  /** Operations that power loss interrupted. Normal after a power failure; nothing stored is missing because of them. */
  readonly torn: number
  /** Damaged blocks, missing records and damaged copies of the layout; above 0, something may be lost and the meter should say so. */
  readonly damaged: number
}

/** Areas that only a flash with room for them has; see `withAreas`. */
type OptionalAreas = Readonly<Record<OptionalLog, RecordLog | undefined>>

interface Areas extends OptionalAreas {
  readonly settings: Settings
  readonly registers: RegisterJournal
  readonly profile: RecordLog
  readonly events: RecordLog
  readonly powerFailures: RecordLog
  readonly counters: Counters
}

/** All that a meter keeps, in one flash. */
export interface Storage extends Areas {
  readonly flash: Flash
  readonly layout: Layout
  readonly report: StorageReport
  /** Times that a write had to erase, because `prepare` was not called in time. 0 in normal life. */
  readonly lateErases: number
  /**
   * Erases one block at most, where room is shortest, so that writing never waits for an erase. Takes up to 400 ms then; to be called once a
   * second while the supply is good, never in a power failure. Returns whether more is to do.
   */
  prepare(): boolean
}

/** Four energies with eight rates, six bytes each, need 216. */
const PROFILE_PAYLOAD_MAX = 240

/** Blocks that `openStorage` tries in an area whose blocks cannot be erased, before it leaves the rest to the next write. */
const ATTEMPTS = 4

function createAreas(flash: Flash, layout: Layout, workspace: Workspace, count: number): Areas {
  const settings = new Settings(flash, { ...extentOf(layout, Area.settings), workspace })
  const optional = (area: number, maxPayload?: number): RecordLog | undefined => {
    const extent = findExtent(layout, area)
    const limit = maxPayload === undefined ? {} : { maxPayload }
    return extent && new RecordLog(flash, { ...extent, ...limit, workspace })
  }
  return {
    settings,
    // A snapshot of all registers in one record.
    billing: optional(Area.billing, workspace.out.maxPayload),
    fraud: optional(Area.fraud),
    disconnector: optional(Area.disconnector),
    quality: optional(Area.quality),
    communication: optional(Area.communication),
    daily: optional(Area.daily, PROFILE_PAYLOAD_MAX),
    monthly: optional(Area.monthly, PROFILE_PAYLOAD_MAX),
    powerQuality: optional(Area.powerQuality),
    registers: new RegisterJournal(flash, { ...extentOf(layout, Area.registers), workspace, count }),
    profile: new RecordLog(flash, { ...extentOf(layout, Area.profile), workspace }),
    events: new RecordLog(flash, { ...extentOf(layout, Area.events), workspace }),
    powerFailures: new RecordLog(flash, { ...extentOf(layout, Area.powerFailures), workspace }),
    counters: new Counters(flash, { ...extentOf(layout, Area.counters), workspace, settings }),
  }
}

/** Mounts without writing, so that a flash of a newer version is refused as it was. */
function mountAreas(areas: Areas): Readonly<RingReport>[] {
  const { settings, registers, profile, events, powerFailures, counters } = areas
  // The settings before the counters: they hold a copy of them.
  const needed = [settings, registers, profile, events, powerFailures, counters].map((area) => area.mount())
  const reports: Readonly<RingReport>[] = [...needed, ...OPTIONAL_LOGS.flatMap((name) => areas[name]?.mount() ?? [])]
  const newer = reports.reduce((sum, report) => sum + report.unknownVersion, 0)
  if (newer > 0) {
    throw new FerrarisError('STORAGE_VERSION', 'the flash holds blocks of a format that this firmware does not know; it is left as it is')
  }
  return reports
}

function isEmpty(areas: Areas): boolean {
  const { settings, profile, events, powerFailures, registers, counters } = areas
  const added = OPTIONAL_LOGS.reduce((sum, name) => sum + (areas[name]?.count ?? 0), 0)
  const entries = profile.count + events.count + powerFailures.count + added + settings.keys().length
  return entries === 0 && !registers.found && counters.empty
}

/** Nothing has been stored yet in the areas that were added to the layout last. */
function isUntouched(areas: Areas, layout: Layout): boolean {
  const newest = newestAreas(layout)
  const used = (name: OptionalLog) => newest.includes(Area[name]) && (areas[name]?.count ?? 0) > 0
  return !OPTIONAL_LOGS.some(used) && !(newest.includes(Area.counters) && !areas.counters.empty)
}

/** The layout that this firmware needs: what the flash says, with the areas that it does not know yet. */
function chooseLayout(found: Layout | undefined, asked: Layout | undefined, status: FlashStatus): Layout {
  const layout = withAreas(found ?? asked ?? defaultLayout(status), status)
  checkLayout(layout, status)
  if (asked !== undefined && !sameLayout(layout, withAreas(asked, status))) {
    throw new FerrarisError('STORAGE_LAYOUT', 'the flash is divided in another way than asked for')
  }
  return layout
}

/** Writes the copies that are not of this layout, one after the other: at every moment one is whole. */
function writeLayout(flash: Flash, workspace: Workspace, found: Superblocks, layout: Layout): void {
  const changed = found.layout !== undefined && layout !== found.layout
  const epoch = Math.max(1, changed ? found.epoch + 1 : found.epoch)
  for (let block = 0; block < SUPERBLOCKS; block++) {
    if (found.bad.includes(block) || found.stale.includes(block)) writeSuperblock(flash, workspace, block, layout, epoch)
  }
  if (!changed) return
  // The copies just written say the same as the ones still to be written, so it does not matter which one a power failure leaves.
  for (let block = 0; block < SUPERBLOCKS; block++) {
    const good = !found.bad.includes(block) && !found.stale.includes(block)
    if (good && !writeSuperblock(flash, workspace, block, layout, epoch)) return
  }
}

function prepareAreas(areas: Areas): AreaName[] {
  return AREA_NAMES.filter((name) => {
    const area = areas[name]
    if (area === undefined) return false
    for (let attempt = 0; attempt < ATTEMPTS && area.prepare(); attempt++);
    return !area.ring.ready
  })
}

/** What can be erased ahead; the most urgent one first. */
type Preparable = Pick<RecordLog, 'ring' | 'prepare'>

/** Erases one block in the area that has none ahead and least room in the open one. Mostly there is nothing to do, and that has to be cheap. */
function prepareMostUrgent(areas: readonly Preparable[]): boolean {
  let urgent: Preparable | undefined
  let open = 0
  for (let i = 0; i < areas.length; i++) {
    const { ring } = areas[i]
    if (ring.ready || ring.worn) continue
    open++
    if (urgent === undefined || ring.room < urgent.ring.room) urgent = areas[i]
  }
  const again = urgent?.prepare() ?? false
  return again || open > 1
}

/**
 * Opens the storage of a meter: finds the newest consistent content of every area, repairs the layout or brings it up to date, and erases the
 * block ahead of each area. Damage and worn blocks never stop it: what cannot be read is dropped, and `report` says what happened.
 *
 * Errors: FerrarisError `STORAGE_VERSION` for content of a newer format and `STORAGE_LAYOUT` for a flash of another shape, an impossible
 * layout, or one without room for an area that is missing (nothing is written then); `STORAGE_SMALL` for a flash below the minimum.
 */
export function openStorage(flash: Flash, options: StorageOptions = {}): Storage {
  const status = flash.status()
  const workspace = createWorkspace(status.blockLength, status.blocks)
  const found = readSuperblocks(flash, workspace)
  const layout = chooseLayout(found.layout, options.layout, status)
  const areas = createAreas(flash, layout, workspace, options.registers ?? DEFAULT_REGISTERS)
  const reports = mountAreas(areas)
  writeLayout(flash, workspace, found, layout)
  const worn = prepareAreas(areas)
  return new FlashStorage(flash, layout, areas, { ...summary(areas, reports, found, layout), worn })
}

class FlashStorage implements Storage {
  readonly flash: Flash
  readonly layout: Layout
  readonly report: StorageReport
  readonly settings: Settings
  readonly registers: RegisterJournal
  readonly profile: RecordLog
  readonly events: RecordLog
  readonly powerFailures: RecordLog
  readonly counters: Counters
  readonly billing: RecordLog | undefined
  readonly fraud: RecordLog | undefined
  readonly disconnector: RecordLog | undefined
  readonly quality: RecordLog | undefined
  readonly communication: RecordLog | undefined
  readonly daily: RecordLog | undefined
  readonly monthly: RecordLog | undefined
  readonly powerQuality: RecordLog | undefined
  readonly #present: readonly Preparable[]

  constructor(flash: Flash, layout: Layout, areas: Areas, report: StorageReport) {
    this.flash = flash
    this.layout = layout
    this.report = report
    this.settings = areas.settings
    this.registers = areas.registers
    this.profile = areas.profile
    this.events = areas.events
    this.powerFailures = areas.powerFailures
    this.counters = areas.counters
    this.billing = areas.billing
    this.fraud = areas.fraud
    this.disconnector = areas.disconnector
    this.quality = areas.quality
    this.communication = areas.communication
    this.daily = areas.daily
    this.monthly = areas.monthly
    this.powerQuality = areas.powerQuality
    this.#present = AREA_NAMES.flatMap((name) => areas[name] ?? [])
  }

  get lateErases(): number {
    return this.#present.reduce((sum, { ring }) => sum + ring.lateErases, 0)
  }

  prepare(): boolean {
    return prepareMostUrgent(this.#present)
  }
}

function summary(areas: Areas, reports: readonly Readonly<RingReport>[], found: Superblocks, layout: Layout) {
  const torn = reports.reduce((sum, report) => sum + report.torn, 0)
  const lost = reports.reduce((sum, report) => sum + report.corruptBlocks + report.missing, 0)
  // A first start that was cut off leaves a torn copy of the layout over empty areas: still a new flash.
  const fresh = lost === 0 && isEmpty(areas)
  // Before anything is stored in the newest areas, the layout with them may just have been about to be written: no damage then.
  const cut = found.layout !== undefined && (layout !== found.layout || isUntouched(areas, layout))
  const damaged = lost + (fresh || cut ? 0 : found.bad.length)
  return { fresh, layout: fresh ? 'good' : layoutState(found, layout), torn, damaged } as const
}

function layoutState(found: Superblocks, layout: Layout): StorageReport['layout'] {
  if (found.layout === undefined) return 'rebuilt'
  if (layout !== found.layout || found.stale.length > 0) return 'migrated'
  return found.bad.length > 0 ? 'repaired' : 'good'
}
