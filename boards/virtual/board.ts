/** Pins and parts that all virtual boards have: what a schematic says, as data. The metering IC is in `variants.ts`. */
export const BOARD = Object.freeze({
  name: 'virtual',
  led: Object.freeze({ pin: 2 }),
  /** Contact of the metrological seal: 1 while it is whole. */
  seal: Object.freeze({ pin: 6 }),
  /** Covers press their switch to ground, so a pin is 1 while a cover is off; the Hall switch gives 1 in a strong field. */
  tamper: Object.freeze({ terminalCover: 20, meterCover: 21, magneticField: 22 }),
  /** Bistable relay with a feedback contact (0 = closed), and the customer's button. */
  supplySwitch: Object.freeze({ close: 7, open: 8, feedback: 9, button: 10 }),
  /** Clock chip: I2C, its capacitor behind a series resistor, and a voltage detector there (0 = low). */
  rtc: Object.freeze({
    hz: 400_000,
    trickle_ohm: 3000,
    storeLow: 11,
    /** Part of the full store below which the detector says that it is low. */
    low: 0.25,
    /** 100 mF behind 3 kOhm: five minutes for 63 %, a quarter of an hour for nearly all. */
    charge_s: 900,
  }),
  /** LoRa transceiver: SPI, NRESET, an interrupt, and BUSY or DIO1. The SX1262 has a TCXO, and DIO2 at the antenna switch; the SX1276 its antenna at PA_BOOST. */
  lora: Object.freeze({
    hz: 8_000_000,
    select: 33,
    second: 30,
    interrupt: 31,
    reset: 32,
    antennaGain_dBi: 2,
    sx1262: Object.freeze({ tcxo_mV: 1800, dio2Switch: true }),
    sx1276: Object.freeze({ paBoost: true }),
    /** Of the UART, with a module instead of a transceiver. */
    modemBaud: Object.freeze({ RAK3172: 115_200, 'LoRa-E5': 9600, RN2483: 57_600, RN2903: 57_600 }),
  }),
  /** Service port. */
  console: Object.freeze({ baud: 115_200 }),
  /** Raw partition `meter`. */
  flash: Object.freeze({ part: 'W25Q32JV', size: 2 * 1024 * 1024, blockLength: 4096, writeAlign: 16 }),
  /** Partitions `otadata` (2 blocks) and two firmware slots of 1 MiB, as ESP-IDF divides a flash. */
  firmware: Object.freeze({ size: 8192 + 2 * 1024 * 1024, blockLength: 4096, writeAlign: 16 }),
  supply: Object.freeze({
    /** Of the nominal voltage: below this on every phase the power supply stops. */
    factor: 0.5,
    /** Processor awake, Ethernet idle: 120 mA at 3.3 V. */
    run_mW: 400,
    /** The power supply charges its capacitors beside what the board takes. */
    charge_mW: 2000,
    /** The flash chip while it programs or erases: 25 mA at 3.3 V (W25Q32JV, table "DC electrical characteristics", maximum). */
    flash_mW: 83,
    /** One datagram: the Ethernet PHY at full current, 90 mA at 3.3 V, for 50 ms. */
    message_mJ: 15,
  }),
  watchdog_ms: 8000,
  /** From the return of the supply, or a reset, until the firmware runs. */
  boot_ms: 150,
})
