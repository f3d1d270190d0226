// Modules that the linker of an ESP32 finds outside of this project's JavaScript, and what a manifest has to say for each.

const MODULES = '$(MODDABLE)/modules'
const IO = `${MODULES}/io`

/** Brought by another manifest. `$(MODDABLE)` is the SDK, `./` the root of this project. */
const manifest = (path) => ({ include: path })
const own = (name) => manifest(`./hal/esp32/native/${name}/manifest.json`)
/** The SDK has no manifest for it alone. */
const socket = (name) => ({
  modules: { [`embedded:io/socket/${name}`]: `${IO}/socket/lwip/${name}`, '*': `${IO}/common/builtinCommon` },
  preload: `embedded:io/socket/${name}`,
})
const arithmetic = { modules: { '*': `${MODULES}/crypt/arith/*` }, preload: ['ec', 'ecp', 'modular', 'mont'] }
/** In every application. */
const everywhere = {}

/** By specifier: manifests to include, modules to list, modules to preload. */
export const SDK_MODULES = Object.freeze({
  crypt: manifest(`${MODULES}/crypt/digest/manifest.json`),
  ec: arithmetic,
  ecp: arithmetic,
  'embedded:implementation/i2csync': manifest(`${IO}/i2c/manifest.json`),
  'embedded:io/digital': manifest(`${IO}/digital/manifest.json`),
  'embedded:io/socket/listener': socket('listener'),
  'embedded:io/socket/tcp': socket('tcp'),
  'embedded:io/socket/udp': socket('udp'),
  'embedded:network/interface/wifi': manifest(`${IO}/wifi/manifest.json`),
  'embedded:storage/flash': manifest(`${IO}/flash/manifest.json`),
  'embedded:storage/key-value': manifest(`${IO}/storage/manifest.json`),
  'ferraris/ethernet': own('ethernet'),
  'ferraris/firmware': own('firmware'),
  'ferraris/pulse-count': own('pulse-count'),
  'ferraris/spi': own('spi'),
  'ferraris/system': own('system'),
  'ferraris/uart': own('uart'),
  'mc/config': everywhere,
  mont: arithmetic,
  time: everywhere,
  timer: everywhere,
})
