import { writeDoubleLongUnsigned } from '../../protocols/dlms/axdr.ts'
import { type ObjectGroup, objectGroup } from '../../protocols/dlms/made-objects.ts'
import { ActionScheduleObject, type ActionScheduleSource } from '../../protocols/dlms/objects/action-schedule.ts'
import { ImageTransferObject } from '../../protocols/dlms/objects/image-transfer.ts'
import type { CaptureObject } from '../../protocols/dlms/objects/profile-source.ts'
import { PushSetupObject, TransportService } from '../../protocols/dlms/objects/push-setup.ts'
import { DataObject } from '../../protocols/dlms/objects/register.ts'
import { ScriptTableObject } from '../../protocols/dlms/objects/script-table.ts'
import type { CosemObject } from '../../protocols/dlms/source.ts'
import { management } from './dlms-clients.ts'
import { type FirmwareTransfer, ImageTransferView } from './dlms-image.ts'
import type { DlmsMeter } from './dlms-meter.ts'
import { ALARM_OBJECTS, ALARM_PUSH_SETUP, POWER_FAIL_OBJECTS, POWER_FAIL_PUSH_SETUP, PUSH_COUNTER } from './dlms-push.ts'
import type { MeterTimes } from './dlms-times.ts'

const IMAGE_TRANSFER = '0.0.44.0.0.255'
const IMAGE_TRANSFER_CLASS = 18
const IMAGE_ACTIVATE = 4
/** "Image activation" among the script tables and the single action schedules of the Blue Book. */
const ACTIVATION_SCRIPTS = '0.0.10.0.107.255'
const ACTIVATION_SCHEDULE = '0.0.15.0.2.255'
const ACTIVATION_SCRIPT = 1
/** Times are kept as 32 bits of seconds. */
const TIME_MAX_MS = 0xffffffff * 1000

/** Destination of messages that a network server takes. */
const LORAWAN = 'LoRaWAN'

/** Where messages about the supply go. */
export interface PowerFailPush {
  /** 'host:port', UDP; empty when none are sent. */
  readonly destination: string
  /** Messages sent so far. */
  readonly messageNumber: number
  /** Messages at intervals over LoRaWAN: their push setups, and what they carry now. */
  readonly scheduled?: readonly (readonly [logicalName: string, objects: () => readonly CaptureObject[]])[]
}

const IMAGE_ACCESS = management([5], [1, 2, 3, 4])
const SCRIPT_ACCESS = management([], [1])
const SCHEDULE_ACCESS = management([4], [])
const READ_ACCESS = management([], [])

/** Image transfer, the script that activates the image, and the schedule of that script. */
export const IMAGE_OBJECTS = objectGroup<DlmsMeter>(
  ({ options: { image } }) =>
    image && new ImageTransferObject({ logicalName: IMAGE_TRANSFER, access: IMAGE_ACCESS, source: new ImageTransferView(image) }),
  ({ options: { image } }) => {
    if (image === undefined) return undefined
    const script = {
      identifier: ACTIVATION_SCRIPT,
      classId: IMAGE_TRANSFER_CLASS,
      logicalName: IMAGE_TRANSFER,
      method: IMAGE_ACTIVATE,
      execute: () => new ImageTransferView(image).activate(),
    }
    return new ScriptTableObject({ logicalName: ACTIVATION_SCRIPTS, access: SCRIPT_ACCESS, scripts: [script] })
  },
  (meter) => {
    const { image } = meter.options
    if (image === undefined) return undefined
    return new ActionScheduleObject({
      logicalName: ACTIVATION_SCHEDULE,
      access: SCHEDULE_ACCESS,
      script: { table: ACTIVATION_SCRIPTS, identifier: ACTIVATION_SCRIPT },
      source: new ActivationView(image, meter),
    })
  },
)

class ActivationView implements ActionScheduleSource {
  readonly #image: FirmwareTransfer
  readonly #times: MeterTimes

  constructor(image: FirmwareTransfer, times: MeterTimes) {
    this.#image = image
    this.#times = times
  }

  get utc_ms(): number | undefined {
    const { activation_s } = this.#image
    return activation_s === undefined ? undefined : activation_s * 1000
  }

  /** A time that is over is refused: a mistyped date must not activate at once. */
  schedule(utc_ms: number | undefined): boolean {
    if (utc_ms !== undefined && (utc_ms <= this.#times.now_ms() || utc_ms > TIME_MAX_MS)) return false
    this.#image.activateAt(utc_ms === undefined ? undefined : Math.floor(utc_ms / 1000))
    return true
  }

  utcOfLocal(local_ms: number): number {
    return this.#times.utcOfLocal(local_ms)
  }

  localOfUtc(utc_ms: number): number {
    return this.#times.localOfUtc(utc_ms)
  }
}

function pushSetup(logicalName: string, objects: readonly CaptureObject[], destination: string): CosemObject {
  const source = { objects, transport: TransportService.udp, destination, retries: 0, retryDelay_s: 0 }
  return new PushSetupObject({ logicalName, access: READ_ACCESS, source })
}

/** The push setups of messages about the supply and about alarms with their counter, and those of messages at intervals. */
export const PUSH_GROUPS: readonly ObjectGroup<DlmsMeter>[] = Object.freeze([
  objectGroup<DlmsMeter>(
    ({ options: { push } }) =>
      push &&
      new DataObject({
        ...{ logicalName: PUSH_COUNTER, access: READ_ACCESS },
        value: (writer) => writeDoubleLongUnsigned(writer, push.messageNumber % 0x100000000),
      }),
    ({ options: { push } }) => push && pushSetup(POWER_FAIL_PUSH_SETUP, POWER_FAIL_OBJECTS, push.destination),
    ({ options: { push } }) => push && pushSetup(ALARM_PUSH_SETUP, ALARM_OBJECTS, push.destination),
  ),
  {
    count: ({ options: { push } }: DlmsMeter) => push?.scheduled?.length ?? 0,
    make: ({ options: { push } }: DlmsMeter, index: number) => {
      const scheduled = push?.scheduled?.[index]
      return scheduled && pushSetup(scheduled[0], scheduled[1](), LORAWAN)
    },
  },
])
