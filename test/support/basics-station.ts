import { readFileSync } from 'node:fs'

/** Texts of a session with ChirpStack Gateway Bridge, in order. */
export function recordedSession(): { readonly fromLns: readonly string[]; readonly fromStation: readonly string[] } {
  const url = new URL('../vectors/lorawan/basics-station.json', import.meta.url)
  const messages: readonly { readonly from: string; readonly text: string }[] = JSON.parse(readFileSync(url, 'utf8'))
  const of = (side: string): string[] => messages.filter(({ from }) => from === side).map(({ text }) => text)
  return { fromLns: of('lns'), fromStation: of('station') }
}
