/** Lines of an answer, made one by one while they are sent: a long answer never stands in memory as a whole. */
export type Answer = Iterable<string>

/** First word, and what follows it. */
export function firstWord(text: string): readonly [string, string] {
  const trimmed = text.trim()
  const space = trimmed.indexOf(' ')
  return space < 0 ? [trimmed, ''] : [trimmed.slice(0, space), trimmed.slice(space + 1).trim()]
}

export function error(reason: string): string {
  return `error: ${reason}`
}
