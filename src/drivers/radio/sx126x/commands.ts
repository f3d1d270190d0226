/** Operation codes of the SX1261 and SX1262 (Semtech DS.SX1261-2 revision 2.1, chapter 13), with the datasheet's names. */
export const Command = Object.freeze({
  SetSleep: 0x84,
  SetStandby: 0x80,
  SetTx: 0x83,
  SetRx: 0x82,
  StopTimerOnPreamble: 0x9f,
  SetRegulatorMode: 0x96,
  Calibrate: 0x89,
  CalibrateImage: 0x98,
  SetPaConfig: 0x95,
  SetRxTxFallbackMode: 0x93,
  WriteRegister: 0x0d,
  ReadRegister: 0x1d,
  WriteBuffer: 0x0e,
  ReadBuffer: 0x1e,
  SetDioIrqParams: 0x08,
  GetIrqStatus: 0x12,
  ClearIrqStatus: 0x02,
  SetDIO2AsRfSwitchCtrl: 0x9d,
  SetDIO3AsTcxoCtrl: 0x97,
  SetRfFrequency: 0x86,
  SetPacketType: 0x8a,
  SetTxParams: 0x8e,
  SetModulationParams: 0x8b,
  SetPacketParams: 0x8c,
  SetBufferBaseAddress: 0x8f,
  GetStatus: 0xc0,
  GetRxBufferStatus: 0x13,
  GetPacketStatus: 0x14,
  ClearDeviceErrors: 0x07,
})

/** Registers (chapter 12). */
export const Register = Object.freeze({
  WhiteningInitialMsb: 0x06b8,
  CrcInitialMsb: 0x06bc,
  SyncWord0: 0x06c0,
  IqPolarity: 0x0736,
  LoRaSyncWordMsb: 0x0740,
  TxModulation: 0x0889,
  RxGain: 0x08ac,
  TxClampConfig: 0x08d8,
})

/** Bits of the IRQ status (table 13-29). */
export const Irq = Object.freeze({
  TxDone: 0x0001,
  RxDone: 0x0002,
  PreambleDetected: 0x0004,
  SyncWordValid: 0x0008,
  HeaderValid: 0x0010,
  HeaderErr: 0x0020,
  CrcErr: 0x0040,
  CadDone: 0x0080,
  CadDetected: 0x0100,
  Timeout: 0x0200,
})

export const PacketType = Object.freeze({ gfsk: 0, lora: 1 })

/** LoRa bandwidth codes (table 13-48). */
export const BANDWIDTH_CODE: Readonly<Record<number, number>> = Object.freeze({ 125000: 4, 250000: 5, 500000: 6 })

/** Sync words as the registers hold them: the nibbles of 0x34 and 0x12, each followed by a 4. */
export const PUBLIC_SYNC_WORD = 0x3444
export const PRIVATE_SYNC_WORD = 0x1424
