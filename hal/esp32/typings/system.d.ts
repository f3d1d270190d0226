/** Own native module, `hal/esp32/native/system`. */
declare module 'ferraris/system' {
  export function resetReason(): 'power' | 'restart' | 'watchdog' | 'fault'
  /** Does not return. */
  export function restart(): void
  /** RangeError for a time below 1 ms, Error where the watchdog cannot be started. */
  export function startWatchdog(timeout_ms: number): void
  export function feedWatchdog(): void
  /** 32 bytes derived from the key of a fuse; undefined where there is none. */
  export function fuseKey(): ArrayBuffer | undefined
  /** 32 random bytes, from the entropy source of the boot loader: only before Wi-Fi has started. */
  export function freshKey(): ArrayBuffer
}
