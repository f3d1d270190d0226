import { posix } from 'node:path'

/** First and further cells of every table row below a heading (or of the whole document), without the head rows. */
export function tableRows(markdown: string, heading?: string): string[][] {
  const lines = markdown.split('\n')
  const start = heading === undefined ? 0 : lines.indexOf(heading) + 1
  if (heading !== undefined && start === 0) return []
  const rows: string[][] = []
  for (let i = start; i < lines.length && !(heading !== undefined && /^#{1,2} /.test(lines[i])); i++) {
    const ruled = /^\|[-:| ]+\|$/
    if (!lines[i].startsWith('|') || ruled.test(lines[i]) || ruled.test(lines[i + 1] ?? '')) continue
    rows.push(
      lines[i]
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  }
  return rows
}

/** Names that the first column gives: the text without backquotes, link or slash at the end. */
export function namesOf(rows: readonly (readonly string[])[]): string[] {
  return rows.map(([cell]) =>
    cell
      .replace(/^\[(.*?)\]\(.*\)$/, '$1')
      .replaceAll('`', '')
      .replace(/\/$/, ''),
  )
}

/** Scripts that a document tells the reader to run. */
export function scriptsIn(markdown: string): string[] {
  const run = [...markdown.matchAll(/\bnpm run ([a-z0-9:_-]+)/g)].map((match) => match[1])
  const short = [...markdown.matchAll(/\bnpm (start|test)\b/g)].map((match) => match[1])
  return [...new Set([...run, ...short])]
}

/** Files that a document links to, as paths from the root; links to the web and within the page are not looked at. */
export function linksIn(markdown: string, path: string): string[] {
  const prose = markdown.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, '`')
  const targets = [...prose.matchAll(/\]\(([^)\s]+)[^)]*\)|\b(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? match[2])
  return targets
    .filter((target) => !/^([a-z]+:|#|\/\/)/i.test(target))
    .map((target) => posix.join(posix.dirname(path), decodeURI(target.replace(/[#?].*$/, ''))))
}
