/** What this project uses of `modules/io/digital` (Moddable SDK 8.2.3); its C source is `modules/io/digital/esp32/digitalbank.c`. */
declare module 'embedded:io/digital' {
  export default class Digital {
    static readonly Input: number
    static readonly InputPullUp: number
    static readonly InputPullDown: number
    static readonly Output: number
    static readonly OutputOpenDrain: number
    static readonly Rising: number
    static readonly Falling: number
    constructor(options: { pin: number; mode: number; edge?: number; initialValue?: 0 | 1; onReadable?: () => void })
    /** Throws for an output. */
    read(): 0 | 1
    /** Throws for an input. */
    write(value: 0 | 1): void
    close(): void
  }
}
