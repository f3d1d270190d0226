import type { TokenReport, TokenResult } from './token-entry.ts'

const TEXTS: Readonly<Record<TokenResult, string>> = Object.freeze({
  accepted: 'accepted',
  section: 'accepted: part of a new key, enter the other tokens of the set',
  locked: 'refused: too many wrong tokens, wait',
  format: 'refused: a token has 20 digits',
  'no-key': 'refused: the meter has no decoder key (secret sts.key)',
  crc: 'refused: wrong token',
  manufacturer: 'refused: of another manufacturer',
  function: 'refused: this meter does not know the function',
  'default-key': 'refused: no credit with a default key',
  'key-expired': 'refused: the key is expired, a key change is needed',
  'key-type': 'refused: no key of this type',
  range: 'refused: value out of range',
  used: 'refused: used before',
  old: 'refused: too old',
  overflow: 'refused: more credit than the account can hold',
  'not-stored': 'refused: the memory did not take it, try again',
})

/** Plain words for the person who entered a token. */
export function tokenText({ result, credit_Wh }: TokenReport): string {
  return credit_Wh === undefined ? TEXTS[result] : `${TEXTS[result]}: ${(credit_Wh / 1000).toFixed(1)} kWh`
}
