import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { Rig } from '../scenarios/rig.ts'

test('the checksum of the software is that of the program memory, read piece by piece', () => {
  const factoryProgram = Uint8Array.from({ length: 20_000 }, (_, i) => i * 31)
  const rig = new Rig({ trace: null, factoryProgram })
  rig.run(60_000)
  const { digest } = rig.core.watch.image ?? {}
  expect(digest && Buffer.from(digest).toString('hex')).toBe(createHash('sha256').update(factoryProgram).digest('hex'))
})
