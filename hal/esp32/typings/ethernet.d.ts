/** Own native module, `hal/esp32/native/ethernet`. */
declare module 'ferraris/ethernet' {
  export default class Ethernet {
    /** Starts the controller. Error when there is an instance already, when a pin is in use, or when the PHY does not answer. */
    constructor(options: {
      management: number
      managementData: number
      /** Of the PHY. */
      address: number
      power?: number
      /** Without it the reference clock comes in at GPIO0. */
      clockOut?: number
      hostname?: string
      onChanged?: () => void
    })
    /** Undefined while there is no cable or no address. */
    readonly address: string | undefined
    close(): void
  }
}
