/** Own native module, `hal/esp32/native/firmware`. `spare` means the partition of the next firmware, otherwise the one that runs. */
declare module 'ferraris/firmware' {
  /** Label of the partition; undefined where there is none. */
  export function label(spare: boolean): string | undefined
  /** Bytes of the image without its digest, which goes into `digest` (32 bytes, SHA-256); 0 where there is no image. */
  export function image(spare: boolean, digest: Uint8Array): number
  export function onTrial(): boolean
  /** The boot loader has given up what the spare partition holds. */
  export function spareGivenUp(): boolean
  /** Makes the spare partition what the next start runs, on trial. Gives 0, or an error code of ESP-IDF. */
  export function activate(): number
  /** Gives 0, or an error code of ESP-IDF. */
  export function confirm(): number
}
