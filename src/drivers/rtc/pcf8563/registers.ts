/** Registers of the PCF8563 with the names of its datasheet (NXP Rev. 10, section 8.2 "Register organization"). */
export const Register = Object.freeze({
  Control_status_1: 0x00,
  Control_status_2: 0x01,
  VL_seconds: 0x02,
  Minutes: 0x03,
  Hours: 0x04,
  Days: 0x05,
  Weekdays: 0x06,
  Century_months: 0x07,
  Years: 0x08,
  Minute_alarm: 0x09,
})

/** Section 8.3.1. */
export const Control = Object.freeze({ TEST1: 0x80, STOP: 0x20 })

/** Flags beside the digits of the time (sections 8.4.1, 8.4.6). */
export const Time = Object.freeze({ VL: 0x80, C: 0x80 })
