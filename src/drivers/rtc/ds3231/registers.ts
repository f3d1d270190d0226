/** Registers of the DS3231 with the names of its datasheet (Maxim 19-5170 Rev 10, figure 1 "Timekeeping Registers"). */
export const Register = Object.freeze({
  Seconds: 0x00,
  Minutes: 0x01,
  Hours: 0x02,
  Day: 0x03,
  Date: 0x04,
  MonthCentury: 0x05,
  Year: 0x06,
  Alarm1Seconds: 0x07,
  Control: 0x0e,
  ControlStatus: 0x0f,
  AgingOffset: 0x10,
  TemperatureMSB: 0x11,
  TemperatureLSB: 0x12,
})

/** Flags beside the digits of the time. */
export const Time = Object.freeze({ twelveHours: 0x40, century: 0x80 })

/** "Control Register (0Eh)". */
export const Control = Object.freeze({ EOSC: 0x80, CONV: 0x20, INTCN: 0x04 })

/** "Status Register (0Fh)". */
export const Status = Object.freeze({ OSF: 0x80 })

/** "Aging Offset (10h)": typical at 25 °C. */
export const AGING_STEP_PPM = 0.1
