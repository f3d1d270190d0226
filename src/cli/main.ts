#!/usr/bin/env node
import { FerrarisError } from '../lib/errors.ts'
import { FIRMWARE_VERSION } from '../meter/config.ts'
import { benchAccuracy } from './accuracy/command.ts'
import { parseArguments, USAGE } from './args.ts'
import { configurationSchema } from './configuration.ts'
import { firmware } from './firmware.ts'
import { hil } from './hil/command.ts'
import { provision, reset } from './provision.ts'
import { run } from './run.ts'
import { sts } from './sts.ts'

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function main(words: readonly string[]): Promise<void> {
  const parsed = parseArguments(words)
  if (parsed.command === 'help') process.stdout.write(`${USAGE}\n`)
  else if (parsed.command === 'version') process.stdout.write(`ferraris ${FIRMWARE_VERSION}\n`)
  else if (parsed.command === 'config-schema') process.stdout.write(configurationSchema())
  else if (parsed.command === 'firmware') process.stdout.write(firmware(parsed.words))
  else if (parsed.command === 'sts') process.stdout.write(sts(parsed.words))
  else if (parsed.command === 'bench-accuracy') {
    const { text, passed } = benchAccuracy(parsed.words)
    process.stdout.write(text)
    if (!passed) process.exitCode = 1
  } else if (parsed.command === 'hil') {
    if (!(await hil(parsed.words, (text) => process.stdout.write(text)))) process.exitCode = 1
  } else if (parsed.command === 'provision') provision(parsed.options, print)
  else if (parsed.command === 'reset') reset(parsed.options, print)
  else await run(parsed.options)
}

/** A reader that closes the pipe early (`| head`) is no error. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof FerrarisError)) throw error
  process.stderr.write(`ferraris: ${error.message}\n`)
  process.exitCode = error.code === 'USAGE' ? 2 : 1
}
