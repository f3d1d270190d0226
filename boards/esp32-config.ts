import { type Infer, object, optional, string } from '../src/lib/schema.ts'
import { METER_CONFIG } from '../src/meter/config.ts'

const HOSTNAME = optional(
  string({ pattern: '^[a-z0-9-]{1,32}$', meaning: '1 to 32 lower-case letters, digits or hyphens', description: 'Name in the network' }),
)

/** What `npm run build -- <board> --config <file>` takes for a board with an ESP32. */
export const ESP32_CONFIG = object({
  meter: METER_CONFIG,
  wifi: optional(
    object(
      {
        ssid: string({ minLength: 1, maxLength: 32, description: 'Name of the network' }),
        password: optional(string({ minLength: 8, maxLength: 63, description: 'Without one the network is open' })),
        hostname: HOSTNAME,
      },
      { description: 'Wi-Fi; it stands in the firmware image in plain text. Without it a board with Wi-Fi is in no network' },
    ),
  ),
  ethernet: optional(object({ hostname: HOSTNAME }, { description: 'Ethernet, on a board that has it; its address comes by DHCP' })),
})

export type Esp32Config = Infer<typeof ESP32_CONFIG>
