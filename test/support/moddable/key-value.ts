import { machine } from './machine.ts'

/** Longest name of a domain or a key, its end included (ESP-IDF, NVS_KEY_NAME_MAX_SIZE). */
const NAME_MAX = 16

function checkName(name: string): void {
  if (name.length >= NAME_MAX) throw new Error('ESP_ERR_NVS_KEY_TOO_LONG')
}

/** `embedded:storage/key-value` with the format `buffer`, as `modules/io/storage/esp32/storage-esp32.c` behaves. */
export default {
  open({ path }: { path: string }) {
    checkName(path)
    const { nvs } = machine()
    const place = (key: string) => {
      checkName(key)
      return `${path}/${key}`
    }
    return {
      read: (key: string): ArrayBuffer | undefined => nvs.get(place(key))?.slice().buffer,
      write: (key: string, value: Uint8Array) => void nvs.set(place(key), value.slice()),
      delete: (key: string) => void nvs.delete(place(key)),
      close: () => {},
    }
  },
}
