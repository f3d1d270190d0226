/** Implemented in ferraris-system.c; typings/system.d.ts says what each does. */

export function resetReason() {
  return native('xs_ferraris_reset_reason').call(this)
}

export function restart() {
  return native('xs_ferraris_restart').call(this)
}

export function startWatchdog(timeout_ms) {
  return native('xs_ferraris_watchdog_start').call(this, timeout_ms)
}

export function feedWatchdog() {
  return native('xs_ferraris_watchdog_feed').call(this)
}

export function fuseKey() {
  return native('xs_ferraris_fuse_key').call(this)
}

export function freshKey() {
  return native('xs_ferraris_fresh_key').call(this)
}
