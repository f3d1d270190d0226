import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { VIRTUAL_CONFIG } from '../../boards/virtual/config.ts'
import type { ConfigFiles } from '../../boards/virtual/load-config.ts'
import { jsonSchema } from '../lib/schema-json.ts'

/** A recording of the package; the same place seen from the built module. */
const dataFile = (name: string) => fileURLToPath(new URL(`../../../../boards/virtual/data/${name}`, import.meta.url))

/** Configuration files and recordings on this PC. */
export const CONFIG_FILES: ConfigFiles = {
  read: (path) => readFileSync(path, 'utf8'),
  beside: (configFile, path) => resolve(configFile === undefined ? '.' : dirname(configFile), path),
  household: dataFile('household_electricity_1min.csv'),
  water: dataFile('household_water_1s.csv'),
}

/** The published JSON Schema. */
export function configurationSchema(): string {
  const document = jsonSchema(VIRTUAL_CONFIG, { id: 'https://ferraris.invalid/config.schema.json', title: 'Configuration of ferraris run' })
  return `${JSON.stringify(document, null, 2)}\n`
}
