/** Implemented in ferraris-spi.c; typings/spi.d.ts says what each does. */
class SPI extends Native('xs_ferraris_spi_destructor') {
  constructor(options) {
    super()
    native('xs_ferraris_spi_constructor').call(this, options)
  }
  transfer(buffer) {
    return native('xs_ferraris_spi_transfer').call(this, buffer)
  }
  write(buffer) {
    return native('xs_ferraris_spi_write').call(this, buffer)
  }
  close() {
    return native('xs_ferraris_spi_close').call(this)
  }
}

export default SPI
