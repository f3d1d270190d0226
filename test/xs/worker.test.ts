import { describe, expect, test } from 'vitest'
import { findXsnapWorker, xsnapWorkerIfBuilt } from '../../src/cli/xs/binary.ts'
import { XsnapWorker } from '../../src/cli/xs/xsnap-worker.ts'
import { FerrarisError } from '../../src/lib/errors.ts'

const built = xsnapWorkerIfBuilt() !== undefined
if (!built) console.log('skipped: xsnap is not built')

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))
const text = (reply: Uint8Array): string => Buffer.from(reply).toString('latin1')

test('a program that cannot be started is told', async () => {
  const worker = new XsnapWorker({ binary: '/no/such/program' })
  await expect(worker.evaluate('1')).rejects.toMatchObject({ code: 'XS_EXIT' })
  await expect(worker.evaluate('1')).rejects.toBeInstanceOf(FerrarisError)
})

test('where xsnap is not installed the error tells how to get it', () => {
  const missing = { code: 'XS_MISSING', message: expect.stringContaining('npm rebuild @agoric/xsnap') as string }
  expect(() => findXsnapWorker('/no/such/folder/module.js')).toThrow(expect.objectContaining(missing))
})

describe.skipIf(!built)('XS worker', () => {
  test('commands are answered in order, with figures', async () => {
    const worker = new XsnapWorker()
    await worker.evaluate('globalThis.handleCommand = (command) => command')
    const replies = await Promise.all(['one', 'two', ''].map((command) => worker.issueCommand(bytes(command))))
    expect(replies.map((reply) => text(reply.bytes))).toEqual(['one', 'two', ''])
    expect(replies[0]?.meter.compute).toBe(replies[1]?.meter.compute)
    expect(replies[0]?.meter.currentHeapCount).toBeGreaterThan(0)
    await worker.close()
  })

  test('large commands and replies arrive whole', async () => {
    const worker = new XsnapWorker()
    await worker.evaluate('globalThis.handleCommand = (command) => command')
    const large = Uint8Array.from({ length: 5_000_000 }, (_, i) => (i * 13) & 0xff)
    const reply = await worker.issueCommand(large)
    expect(Buffer.compare(reply.bytes, large)).toBe(0)
    await worker.close()
  })

  test('an exception is an error with its words, and the machine lives on', async () => {
    const worker = new XsnapWorker()
    await expect(worker.evaluate('throw new RangeError("too far")')).rejects.toMatchObject({
      code: 'XS_EXCEPTION',
      message: 'RangeError: too far',
    })
    await expect(worker.evaluate('1 +')).rejects.toMatchObject({ code: 'XS_EXCEPTION' })
    await expect(worker.evaluate('1 + 1')).resolves.toBeDefined()
    await worker.close()
  })

  test('what the guest asks is answered while its command runs', async () => {
    const worker = new XsnapWorker({ onQuery: async (request) => bytes(text(request).toUpperCase()) })
    await worker.evaluate('globalThis.handleCommand = (command) => issueCommand(issueCommand(command))')
    expect(text((await worker.issueCommand(bytes('abc'))).bytes)).toBe('ABC')
    await worker.close()
  })

  test('what the guest prints is handed on', async () => {
    let printed = ''
    const worker = new XsnapWorker({ onPrint: (line) => (printed += line) })
    await worker.evaluate('print("hello", 5)')
    await worker.close()
    expect(printed).toBe('hello 5\n')
  })

  test('an end of the process is explained, and every later command fails', async () => {
    const worker = new XsnapWorker()
    const explained = { code: 'XS_EXIT', message: expect.stringContaining('stack overflow') as string }
    await expect(worker.evaluate('(function down() { down() })()')).rejects.toMatchObject(explained)
    await expect(worker.evaluate('1')).rejects.toMatchObject(explained)
    await worker.close()
  })

  test('a compute limit ends a script that would not', async () => {
    const worker = new XsnapWorker({ computeLimit: 100_000 })
    await expect(worker.evaluate('for (;;) {}')).rejects.toMatchObject({
      code: 'XS_OVERRUN',
      message: expect.stringContaining('too much computation') as string,
    })
    await worker.close()
  })

  test('without a limit a long computation runs to its end', async () => {
    const worker = new XsnapWorker()
    const { meter } = await worker.evaluate('let sum = 0; for (let i = 0; i < 5000000; i++) sum += i')
    expect(meter.compute).toBeGreaterThan(20_000_000)
    await worker.close()
  })

  test('close ends the process; commands afterwards fail', async () => {
    const worker = new XsnapWorker()
    await worker.evaluate('1')
    await worker.close()
    await worker.close()
    await expect(worker.evaluate('1')).rejects.toMatchObject({ code: 'XS_CLOSED' })
  })

  test('local time is UTC', async () => {
    const worker = new XsnapWorker()
    await worker.evaluate('if (new Date(2024, 6, 1).getTime() !== Date.UTC(2024, 6, 1)) throw new Error("not UTC")')
    await worker.close()
  })
})
