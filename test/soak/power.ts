import type { Tear } from '../../src/world/chips/nor-flash.ts'
import { Cuts } from '../power/cuts.ts'
import { type Recording, record } from '../power/recording.ts'
import { type SampleResult, sampleRecording } from '../power/sample.ts'
import type { SoakOptions } from './options.ts'

/** One fault alone, as the message of a failure names it. */
function showAgain(recording: Recording, fault: ReadonlyMap<string, string>): SampleResult {
  const cuts = new Cuts(recording)
  const number = (name: string): number => Number(fault.get(name) ?? 0)
  const tear = (name: string): Tear => (fault.get(name) ?? 'none') as Tear
  if (fault.has('drop')) cuts.drop(number('drop'))
  else if (fault.has('reorder')) cuts.reorder(number('reorder'), number('fault'))
  else if (fault.has('again')) {
    const only = fault.get('again') === 'all' ? undefined : number('again')
    cuts.cutTwice(number('cut'), tear('tear'), number('fault'), () => tear('tear2'), only)
  } else cuts.cut(number('cut'), tear('tear'), number('fault'))
  return { operations: recording.moments.length, starts: cuts.starts, mount_bytes: cuts.mount_bytes, digests: [cuts.digest] }
}

/** A scripted day and `--cuts` random faults: half of them a cut, the rest cuts in the recovery, lost caches and ignored commands. */
export function soakPower(options: SoakOptions, onProgress: (done: number, all: number) => void): SampleResult {
  const { seed, cuts, warm_s, length_s, fault } = options
  const recording = record({ seed, warm_s, length_s })
  if (fault.size > 0) return showAgain(recording, fault)
  const eighth = Math.floor(cuts / 8)
  const counts = { cut: cuts - 4 * eighth, twice: 2 * eighth, reorder: eighth, drop: eighth }
  const step = Math.max(1, Math.floor(cuts / 50))
  return sampleRecording(recording, seed, counts, (done) => {
    if (done % step === 0) onProgress(done, cuts)
  })
}
