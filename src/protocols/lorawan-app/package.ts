import { type ByteReader, DecodeError } from '../../lib/bytes.ts'

/** Identifier and version of the packages that a device has, as PackageVersionAns tells them. */
export const CLOCK_SYNC = Object.freeze({ port: 202, identifier: 1, version: 1 })
export const MULTICAST_SETUP = Object.freeze({ port: 200, identifier: 2, version: 1 })
export const FRAGMENTATION = Object.freeze({ port: 201, identifier: 3, version: 1 })

/** The same in every package: which one is it? */
export interface VersionRequest {
  readonly type: 'version-request'
}

export interface VersionAnswer {
  readonly type: 'version-answer'
  readonly identifier: number
  readonly version: number
}

/** Seconds between 1970-01-01 and 1980-01-06, and the leap seconds that GPS time is ahead of UTC since 2017. */
const GPS_EPOCH_S = 315_964_800
const GPS_LEAP_S = 18

/** Seconds of GPS time, modulo 2^32, as the packages have them. */
export function gpsOfUtc(utc_s: number): number {
  return (Math.floor(utc_s) - GPS_EPOCH_S + GPS_LEAP_S) >>> 0
}

/** The UTC second nearest to `near_s` that has this GPS time. */
export function utcOfGps(gps_s: number, near_s: number): number {
  return Math.floor(near_s) + ((gps_s - gpsOfUtc(near_s)) | 0)
}

/** Reads commands until the end of the message; DecodeError for one that is not known, as its length is not either. */
export function readAll<T>(reader: ByteReader, read: (cid: number) => T | undefined): T[] {
  const items: T[] = []
  while (reader.remaining > 0) {
    const cid = reader.uint8()
    const item = read(cid)
    if (item === undefined) throw new DecodeError(`command ${cid}`)
    items.push(item)
  }
  return items
}
