/** Registers of the SX1276 (Semtech DS_SX1276-7-8-9_W_APP, revision 7, chapter 6) that the modems share. */
export const Register = Object.freeze({
  Fifo: 0x00,
  OpMode: 0x01,
  FrfMsb: 0x06,
  PaConfig: 0x09,
  PaRamp: 0x0a,
  Ocp: 0x0b,
  Lna: 0x0c,
  DioMapping1: 0x40,
  Version: 0x42,
  Tcxo: 0x4b,
  PaDac: 0x4d,
})

/** Registers while LongRangeMode is set (section 6.4). */
export const LoRaRegister = Object.freeze({
  FifoAddrPtr: 0x0d,
  FifoTxBaseAddr: 0x0e,
  FifoRxBaseAddr: 0x0f,
  FifoRxCurrentAddr: 0x10,
  IrqFlagsMask: 0x11,
  IrqFlags: 0x12,
  RxNbBytes: 0x13,
  PktSnrValue: 0x19,
  PktRssiValue: 0x1a,
  ModemStat: 0x18,
  ModemConfig1: 0x1d,
  ModemConfig2: 0x1e,
  SymbTimeoutLsb: 0x1f,
  PreambleMsb: 0x20,
  PayloadLength: 0x22,
  ModemConfig3: 0x26,
  IfFreq1: 0x2f,
  DetectOptimize: 0x31,
  InvertIq: 0x33,
  HighBwOptimize1: 0x36,
  DetectionThreshold: 0x37,
  SyncWord: 0x39,
  HighBwOptimize2: 0x3a,
  InvertIq2: 0x3b,
})

/** Registers while it is not (section 6.2). */
export const FskRegister = Object.freeze({
  BitrateMsb: 0x02,
  FdevMsb: 0x04,
  RxConfig: 0x0d,
  RssiValue: 0x11,
  RxBw: 0x12,
  AfcBw: 0x13,
  PreambleDetect: 0x1f,
  PreambleMsb: 0x25,
  SyncConfig: 0x27,
  SyncValue1: 0x28,
  PacketConfig1: 0x30,
  PacketConfig2: 0x31,
  PayloadLength: 0x32,
  FifoThresh: 0x35,
  ImageCal: 0x3b,
  IrqFlags1: 0x3e,
  IrqFlags2: 0x3f,
})

/** Bits 2:0 of OpMode. */
export const Mode = Object.freeze({ sleep: 0, standby: 1, transmit: 3, receive: 5, receiveSingle: 6 })
/** Bits of OpMode: the modem, and the registers of the lower band. */
export const LONG_RANGE = 0x80
export const LOW_FREQUENCY = 0x08

/** RegIrqFlags of LoRa. */
export const LoRaIrq = Object.freeze({ RxTimeout: 0x80, RxDone: 0x40, PayloadCrcError: 0x20, ValidHeader: 0x10, TxDone: 0x08 })
/** RegIrqFlags1 and RegIrqFlags2 of FSK. */
export const FskIrq1 = Object.freeze({ PreambleDetect: 0x02, SyncAddressMatch: 0x01 })
export const FskIrq2 = Object.freeze({
  FifoEmpty: 0x40,
  FifoLevel: 0x20,
  FifoOverrun: 0x10,
  PacketSent: 0x08,
  PayloadReady: 0x04,
  CrcOk: 0x02,
})

/** RegModemConfig1, bits 7:4. */
export const BANDWIDTH_CODE: Readonly<Record<number, number>> = Object.freeze({ 125000: 7, 250000: 8, 500000: 9 })
export const PUBLIC_SYNC_WORD = 0x34
export const PRIVATE_SYNC_WORD = 0x12

/** RxBw of FSK (table 40): single-sided bandwidth in Hz, and the register. */
export const FSK_BANDWIDTHS: readonly (readonly [number, number])[] = Object.freeze([
  Object.freeze([12_500, 0x0d] as const),
  Object.freeze([25_000, 0x0c] as const),
  Object.freeze([50_000, 0x0b] as const),
  Object.freeze([83_333, 0x12] as const),
  Object.freeze([125_000, 0x02] as const),
  Object.freeze([250_000, 0x01] as const),
])
