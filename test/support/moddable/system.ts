/** `ferraris/system`, as `hal/esp32/native/system/ferraris-system.c` behaves. */
export const system: { fuse?: Uint8Array; fresh: number; fed: number; timeout_ms: number; restarts: number } = {
  fresh: 0,
  fed: 0,
  timeout_ms: 0,
  restarts: 0,
}

export const resetReason = () => 'power' as const

export function restart(): void {
  system.restarts++
}

export function startWatchdog(timeout_ms: number): void {
  if (!(timeout_ms >= 1)) throw new RangeError('timeout')
  system.timeout_ms = timeout_ms
}

export function feedWatchdog(): void {
  system.fed++
}

export function fuseKey(): ArrayBuffer | undefined {
  return system.fuse?.slice().buffer as ArrayBuffer | undefined
}

export function freshKey(): ArrayBuffer {
  system.fresh++
  return new Uint8Array(32).fill(system.fresh).buffer
}
