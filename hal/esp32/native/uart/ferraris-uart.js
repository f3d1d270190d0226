/** Implemented in ferraris-uart.c; typings/uart.d.ts says what each does. */
class UART extends Native('xs_ferraris_uart_destructor') {
  constructor(options) {
    super()
    native('xs_ferraris_uart_constructor').call(this, options)
  }
  get readable() {
    return native('xs_ferraris_uart_get_readable').call(this)
  }
  get writable() {
    return native('xs_ferraris_uart_get_writable').call(this)
  }
  read(buffer) {
    return native('xs_ferraris_uart_read').call(this, buffer)
  }
  write(buffer) {
    return native('xs_ferraris_uart_write').call(this, buffer)
  }
  close() {
    return native('xs_ferraris_uart_close').call(this)
  }
}

export default UART
