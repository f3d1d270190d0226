import { writeDoubleLongUnsigned } from '../../protocols/dlms/axdr.ts'
import { ActionScheduleObject, type ActionScheduleSource } from '../../protocols/dlms/objects/action-schedule.ts'
import { ImageTransferObject } from '../../protocols/dlms/objects/image-transfer.ts'
import type { CaptureObject } from '../../protocols/dlms/objects/profile-source.ts'
import { PushSetupObject, TransportService } from '../../protocols/dlms/objects/push-setup.ts'
import { DataObject } from '../../protocols/dlms/objects/register.ts'
import { ScriptTableObject } from '../../protocols/dlms/objects/script-table.ts'
import type { CosemObject } from '../../protocols/dlms/source.ts'
import { management } from './dlms-clients.ts'
import { type FirmwareTransfer, ImageTransferView } from './dlms-image.ts'
import { ALARM_OBJECTS, ALARM_PUSH_SETUP, POWER_FAIL_OBJECTS, POWER_FAIL_PUSH_SETUP, PUSH_COUNTER } from './dlms-push.ts'

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

/** The meter's time. */
export interface Times {
  now_ms(): number
  /** Local time as if it were UTC, and back, in milliseconds. */
  utcOfLocal(local_ms: number): number
  localOfUtc(utc_ms: number): number
}

/** Image transfer, the script that activates the image, and the schedule of that script. */
export function imageObjects(image: FirmwareTransfer, times: Times): CosemObject[] {
  const source = new ImageTransferView(image)
  const script = {
    identifier: ACTIVATION_SCRIPT,
    classId: IMAGE_TRANSFER_CLASS,
    logicalName: IMAGE_TRANSFER,
    method: IMAGE_ACTIVATE,
    execute: () => source.activate(),
  }
  return [
    new ImageTransferObject({ logicalName: IMAGE_TRANSFER, access: management([5], [1, 2, 3, 4]), source }),
    new ScriptTableObject({ logicalName: ACTIVATION_SCRIPTS, access: management([], [1]), scripts: [script] }),
    new ActionScheduleObject({
      logicalName: ACTIVATION_SCHEDULE,
      access: management([4], []),
      script: { table: ACTIVATION_SCRIPTS, identifier: ACTIVATION_SCRIPT },
      source: new ActivationView(image, times),
    }),
  ]
}

class ActivationView implements ActionScheduleSource {
  readonly #image: FirmwareTransfer
  readonly #times: Times

  constructor(image: FirmwareTransfer, times: Times) {
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

/** The push setups of messages about the supply and about alarms, and their counter. */
export function pushObjects(push: PowerFailPush): CosemObject[] {
  const setup = (logicalName: string, objects: () => readonly CaptureObject[], destination: () => string) => {
    const source = {
      get objects() {
        return objects()
      },
      transport: TransportService.udp,
      get destination() {
        return destination()
      },
      retries: 0,
      retryDelay_s: 0,
    }
    return new PushSetupObject({ logicalName, access: management([], []), source })
  }
  const address = () => push.destination
  return [
    new DataObject({
      logicalName: PUSH_COUNTER,
      access: management([], []),
      value: (writer) => writeDoubleLongUnsigned(writer, push.messageNumber % 0x100000000),
    }),
    setup(POWER_FAIL_PUSH_SETUP, () => POWER_FAIL_OBJECTS, address),
    setup(ALARM_PUSH_SETUP, () => ALARM_OBJECTS, address),
    ...(push.scheduled ?? []).map(([logicalName, objects]) => setup(logicalName, objects, () => LORAWAN)),
  ]
}
