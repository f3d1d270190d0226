/** Implemented in ferraris-pulse-count.c; typings/pulse-count.d.ts says what each does. */
class PulseCounter extends Native('xs_ferraris_pulse_destructor') {
  constructor(options) {
    super()
    native('xs_ferraris_pulse_constructor').call(this, options)
  }
  read() {
    return native('xs_ferraris_pulse_read').call(this)
  }
  close() {
    return native('xs_ferraris_pulse_close').call(this)
  }
}

export default PulseCounter
