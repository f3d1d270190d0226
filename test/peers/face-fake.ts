import net from 'node:net'
import type { Timer } from '../../hal/api/time.ts'
import { hostCrypto } from '../../hal/host/crypto.ts'
import { FaceServer } from '../../src/meter/face/server.ts'
import type { FaceExtension, FacePhase, FaceSource, FaceWorld, LcdItem, MainsState, WorldCommand } from '../../src/meter/face/state.ts'

const nodeTimer: Timer = {
  set: (callback, delay_ms, repeat_ms) => (repeat_ms === undefined ? setTimeout(callback, delay_ms) : setInterval(callback, repeat_ms)),
  clear: (handle) => clearTimeout(handle as NodeJS.Timeout),
}

const START_MS = Date.UTC(2024, 5, 12, 16, 20, 0)
const QUARTER_S = 900

const pad = (value: number, whole: number, decimals: number): string => value.toFixed(decimals).padStart(whole + 1 + decimals, '0')

/** A household's day in watts, by hour: something for the load curve to show. */
const DAY_W = [
  210, 180, 170, 165, 170, 240, 820, 1450, 900, 420, 380, 640, 1900, 1100, 520, 480, 700, 1600, 2850, 2200, 1400, 980, 620, 330,
]

/** A meter and a world made up for the page: everything moves, nothing is measured. */
export class FakeHouse implements FaceSource, FaceExtension {
  curveRevision = 1
  eventsRevision = 1
  readonly commands: WorldCommand[] = []
  #speed: number | 'max' = 60
  #mains: [MainsState, MainsState, MainsState] = ['on', 'on', 'on']
  #pv = { on: true, power_W: 1200, max_W: 8000 }
  #on = new Set(['heatpump', 'fridge'])
  #log = [
    { seq: 4, time_ms: START_MS - 3_600_000, log: 'power quality', code: 76, text: 'Voltage sag on L2, 186 V for 0.4 s' },
    { seq: 3, time_ms: START_MS - 22_000_000, log: 'standard', code: 2, text: 'Power restored after 3 min 12 s' },
    { seq: 2, time_ms: START_MS - 22_192_000, log: 'standard', code: 1, text: 'Power failed' },
    { seq: 1, time_ms: START_MS - 86_400_000, log: 'standard', code: 4, text: 'Clock set by +2 s' },
  ]
  #began = Date.now()
  readonly #appliances = [
    { id: 'kettle', name: 'Kettle', power_W: 2200, phase: 1 },
    { id: 'heatpump', name: 'Heat pump', power_W: 3400, phase: 0 },
    { id: 'oven', name: 'Oven', power_W: 3000, phase: 2 },
    { id: 'charger', name: 'Car charger', power_W: 11_000, phase: 0 },
    { id: 'fridge', name: 'Fridge', power_W: 120, phase: 3 },
  ] as const

  #elapsed_s(): number {
    return ((Date.now() - this.#began) / 1000) * (this.#speed === 'max' ? 1000 : this.#speed)
  }

  #time_ms(): number {
    return Math.floor(START_MS + this.#elapsed_s() * 1000)
  }

  #phase(index: 0 | 1 | 2): FacePhase {
    const voltage_V = { on: 231.4 - index * 1.3, sag: 174.2, off: 0 }[this.#mains[index]]
    if (voltage_V === 0) {
      return { voltage_V, current_A: 0, active_W: 0, reactive_var: 0, powerFactor: 1, voltageAngle_deg: 120 * index, currentAngle_deg: 0 }
    }
    let load_W = 180 + 60 * index + 40 * Math.sin(this.#elapsed_s() / 40 + index)
    for (const { id, power_W, phase } of this.#appliances) {
      if (this.#on.has(id)) load_W += phase === 0 ? power_W / 3 : phase === index + 1 ? power_W : 0
    }
    const active_W = load_W - (this.#pv.on ? this.#pv.power_W / 3 : 0)
    const reactive_var = 150 + 90 * index
    const apparent_VA = Math.hypot(active_W, reactive_var)
    const angle_deg = (Math.atan2(reactive_var, active_W) * 180) / Math.PI
    return {
      voltage_V,
      current_A: apparent_VA / voltage_V,
      active_W,
      reactive_var,
      powerFactor: active_W / apparent_VA,
      voltageAngle_deg: 120 * index,
      currentAngle_deg: (angle_deg + 360) % 360,
    }
  }

  hello() {
    const nameplate = ['3 × 230/400 V', '5(60) A   50 Hz', 'Virtual meter']
    return { manufacturer: 'Ferraris', model: 'F3-V', serial: '1FER0000012345', firmware: '0.1.0', meterConstant_imp_kWh: 1000, nameplate }
  }

  state(): ReturnType<FaceSource['state']> & ReturnType<FaceExtension['state']> {
    const phases = [this.#phase(0), this.#phase(1), this.#phase(2)] as const
    const active_W = phases[0].active_W + phases[1].active_W + phases[2].active_W
    const reactive_var = phases.reduce((sum, phase) => sum + (phase.reactive_var ?? 0), 0)
    const energy_kWh = 12_345.678 + (this.#elapsed_s() * Math.max(0, active_W)) / 3.6e6
    const item = (obis: string, value: string, unit: string, label: string): LcdItem => ({ obis, value, unit, label })
    const powered = this.#mains.some((state) => state !== 'off')
    const at = new Date(this.#time_ms() + 7_200_000).toISOString()
    return {
      ...this.#world(),
      time_ms: this.#time_ms(),
      timeValid: true,
      offset_min: 120,
      powered,
      lcd: [
        item('1.8.0', pad(energy_kWh, 6, 3), 'kWh', 'Import, total'),
        item('1.8.1', pad(energy_kWh * 0.62, 6, 3), 'kWh', 'Import, tariff 1'),
        item('2.8.0', pad(842.194, 6, 3), 'kWh', 'Export, total'),
        item('16.7.0', (active_W / 1000).toFixed(3), 'kW', 'Active power'),
        item('32.7.0', phases[0].voltage_V.toFixed(1), 'V', 'Voltage L1'),
        item('0.9.1', at.slice(11, 19), '', 'Time'),
      ],
      flags: {
        phases: [phases[0].voltage_V > 0, phases[1].voltage_V > 0, phases[2].voltage_V > 0],
        import: active_W > 0,
        export: active_W < 0,
        quadrant: active_W < 0 ? 2 : 1,
        tariff: 1,
        relay: 'closed',
        fault: false,
        clockInvalid: false,
      },
      phases,
      total: { active_W, reactive_var, powerFactor: active_W / Math.max(1, Math.hypot(active_W, reactive_var)) },
      frequency_Hz: powered ? 50.01 : 0,
      pulses: Math.floor((this.#elapsed_s() * Math.abs(active_W)) / 3600),
      conditions: this.#mains.flatMap((state, i) => (state === 'on' ? [] : [`${state === 'sag' ? 'Sag' : 'Loss'} L${i + 1}`])),
    }
  }

  #world(): Omit<FaceWorld, 'type'> {
    return {
      time_ms: this.#time_ms(),
      speed: this.#speed,
      actualSpeed: this.#speed === 'max' ? 214_000 : this.#speed,
      seed: 42,
      mains: this.#mains,
      household: { name: 'Household 7', power_W: 512 },
      appliances: this.#appliances.map((appliance) => ({ ...appliance, on: this.#on.has(appliance.id) })),
      pv: this.#pv,
      tamper: { terminalCover: false, meterCover: false, magneticField: false, seal: false },
    }
  }

  curve() {
    const last_s = Math.floor(START_MS / 1000 / QUARTER_S) * QUARTER_S
    const points = Array.from({ length: 96 }, (_, i) => {
      const end_s = last_s - (95 - i) * QUARTER_S
      const hour = ((end_s + 7200) / 3600) % 24
      const sun_W = Math.max(0, 2600 * Math.sin(((hour - 6) / 13) * Math.PI)) * (hour > 6 && hour < 19 ? 1 : 0)
      const load_W = (DAY_W[Math.floor(hour)] ?? 0) * (0.8 + 0.4 * ((i * 7919) % 13) * (1 / 13))
      return [end_s, Math.max(0, load_W - sun_W), Math.max(0, sun_W - load_W), i === 40 || i === 41 ? 0x80 : 0] as const
    })
    return { interval_s: QUARTER_S, points, live: [] }
  }

  events() {
    return this.#log
  }

  command(command: WorldCommand): { readonly ok: true } | { readonly error: string } {
    this.commands.push(command)
    if (command.command === 'appliance') {
      if (command.appliance === 'charger') return { error: 'The car is not at home.' }
      if (command.on) this.#on.add(command.appliance)
      else this.#on.delete(command.appliance)
    } else if (command.command === 'pv') this.#pv = { ...this.#pv, on: command.on, power_W: command.power_W }
    else if (command.command === 'mains') {
      for (const index of [0, 1, 2] as const) if (command.phase === 0 || command.phase === index + 1) this.#mains[index] = command.state
    } else if (command.command === 'speed') this.#speed = command.speed
    return { ok: true }
  }
}

/** Bytes that a socket may hold back before it is asked to wait. */
const QUEUE = 16_384

/** A face on a TCP port of this computer, with real back-pressure. `port` is where it listens; `stop` ends everything. */
export async function serveFace(house: FakeHouse, port = 0): Promise<{ port: number; face: FaceServer; stop: () => Promise<void> }> {
  const face = new FaceServer({ source: house, extension: house, crypto: hostCrypto, timer: nodeTimer })
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    const connection = face.connect({
      send: (bytes) => void socket.write(bytes),
      room: () => Math.max(0, QUEUE - socket.writableLength),
      close: () => void socket.end(),
    })
    socket.on('data', (data) => connection.receive(data))
    socket.on('drain', () => connection.writable())
    socket.on('error', () => undefined)
    socket.on('close', () => {
      sockets.delete(socket)
      connection.closed()
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const stop = async () => {
    face.close()
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
  return { port: (server.address() as net.AddressInfo).port, face, stop }
}
