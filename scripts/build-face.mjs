// Builds the web page of the meter: one HTML file with its script and style inside, gzipped, as a module of constants that a device and a
// PC import alike. The same sources give the same bytes. Writes only when something changed.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build, transformSync } from 'esbuild'

const root = new URL('..', import.meta.url)
const page = new URL('src/meter/face/page/', root)
const target = new URL('src/meter/face/page.ts', root)

/** A face that grows past this does not fit beside the firmware. */
const LARGEST = 60_000
const WIDTH = 120
/** In this order. */
const SHEETS = ['style.css', 'panels.css', 'world.css', 'meter.css', 'radio.css', 'small.css']

const read = (url) => readFileSync(url, 'utf8')
const sha256 = (text) => createHash('sha256').update(text).digest()

async function script() {
  const result = await build({
    entryPoints: [fileURLToPath(new URL('main.ts', page))],
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    legalComments: 'none',
    charset: 'utf8',
    write: false,
    tsconfigRaw: {},
  })
  // The text stands inside a script element, which this would end.
  return result.outputFiles[0].text.trim().replaceAll('</script', '<\\/script')
}

function style() {
  const sheets = [new URL('node_modules/uplot/dist/uPlot.min.css', root), ...SHEETS.map((name) => new URL(name, page))]
  return transformSync(sheets.map(read).join('\n'), { loader: 'css', minify: true, legalComments: 'none', charset: 'utf8' }).code.trim()
}

/** Nothing but this very script and style runs, and nothing is asked of any other server. */
function policy(js, css) {
  const hash = (text) => `'sha256-${sha256(text).toString('base64')}'`
  return [
    "default-src 'none'",
    `script-src ${hash(js)}`,
    `style-src ${hash(css)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** The base64 text as a concatenation of lines, which a compiler folds into one constant. */
function constant(text) {
  const lines = []
  for (let at = 0; at < text.length; at += WIDTH) lines.push(`'${text.slice(at, at + WIDTH)}'`)
  return lines.join(' +\n  ')
}

const js = await script()
const css = style()
const html = read(new URL('index.html', page)).replace(/>\n</g, '><').trim()
const whole = html.replace('/*CSS*/', () => css).replace('/*JS*/', () => js)
const packed = gzipSync(whole, { level: 9 })
// Time stamp (already 0) and operating system (RFC 1952 section 2.3.1): 255 is "unknown", the same wherever it was built.
packed.writeUInt32LE(0, 4)
packed[9] = 255
if (packed.length > LARGEST) throw new Error(`the page takes ${packed.length} bytes gzipped, more than ${LARGEST}`)

const module = `// Made by scripts/build-face.mjs from src/meter/face/page. Do not edit.

/** Bytes of the gzipped page. */
export const PAGE_LENGTH = ${packed.length}
export const PAGE_ETAG = '"${sha256(packed).toString('hex').slice(0, 32)}"'
/** Content-Security-Policy: only this script and style, only this server. */
export const PAGE_CSP =
  ${JSON.stringify(policy(js, css))}
/** The gzipped page in base64. */
export const PAGE_BASE64 =
  ${constant(packed.toString('base64'))}
`

let old = ''
try {
  old = read(target)
} catch (error) {
  if (error.code !== 'ENOENT') throw error
}
if (old !== module) writeFileSync(target, module)
console.log(`face: ${whole.length} bytes, ${packed.length} gzipped${old === module ? ', unchanged' : ''}`)
