/** Base of the expected failures: `code` is stable and may be compared, the message is for people. */
export class FerrarisError extends Error {
  override name = 'FerrarisError'
  readonly code: string

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
