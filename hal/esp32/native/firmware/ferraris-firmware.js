/** Implemented in ferraris-firmware.c; typings/firmware.d.ts says what each does. */

export function label(spare) {
  return native('xs_ferraris_firmware_label').call(this, spare)
}

export function image(spare, digest) {
  return native('xs_ferraris_firmware_image').call(this, spare, digest)
}

export function onTrial() {
  return native('xs_ferraris_firmware_on_trial').call(this)
}

export function spareGivenUp() {
  return native('xs_ferraris_firmware_given_up').call(this)
}

export function activate() {
  return native('xs_ferraris_firmware_activate').call(this)
}

export function confirm() {
  return native('xs_ferraris_firmware_confirm').call(this)
}
