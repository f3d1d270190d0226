/**
 * What this project uses of `modules/io/ethernet` (Moddable SDK 8.2.3); its C source is `modules/io/ethernet/esp32/ethernet-esp32.c`. Controller and PHY stand in
 * the `defines` of the board's manifest.
 */
declare module 'embedded:network/interface/ethernet' {
  export default class Ethernet {
    constructor(options: { onChanged?: (property: string) => void })
    /** Starts DHCP. Throws while it connects. */
    connect(): void
    configure(options: { hostname?: string; static?: { address: string; mask: string; gateway: string } | false }): void
    close(): void
    /** As that of Wi-Fi; 400: there is a link. */
    readonly connection: number
    readonly address: string | undefined
  }
}
