/** Implemented in ferraris-ethernet.c; typings/ethernet.d.ts says what each does. */
class Ethernet extends Native('xs_ferraris_ethernet_destructor') {
  constructor(options) {
    super()
    native('xs_ferraris_ethernet_constructor').call(this, options)
  }
  get address() {
    return native('xs_ferraris_ethernet_get_address').call(this)
  }
  close() {
    return native('xs_ferraris_ethernet_close').call(this)
  }
}

export default Ethernet
