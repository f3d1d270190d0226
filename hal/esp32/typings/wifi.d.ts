/** What this project uses of `modules/io/wifi` (Moddable SDK 8.2.3); its C source is `modules/io/wifi/esp32/wifi-esp32.c`. */
declare module 'embedded:network/interface/wifi' {
  export default class WiFi {
    /** Called with `connection` or `address` when it has changed; also when an attempt to connect has failed. */
    constructor(options: { onChanged?: (property: string) => void })
    /** Throws while it connects. */
    connect(options: { SSID: string; password?: string }): void
    configure(options: { hostname?: string; static?: { address: string; mask: string; gateway: string } | false }): void
    close(): void
    /** 200: off; 300: connecting; 400: connected; 500: with addresses of IPv4 and IPv6. */
    readonly connection: number
    readonly address: string | undefined
    readonly RSSI: number | undefined
  }
}
