/** Counts in classes of equal width, and what people ask of a set of times. */
export interface Histogram {
  readonly count: number
  readonly min: number
  readonly max: number
  readonly mean: number
  /** Half, and 95 of 100, are not above. */
  readonly p50: number
  readonly p95: number
  /** Lower end of the first class, and width of all. */
  readonly from: number
  readonly width: number
  readonly classes: readonly number[]
}

const CLASSES_MAX = 24
/** 1, 2 and 5 times a power of ten. */
const STEPS = [1, 2, 5, 10]

/** A width that reads well, so that at most `CLASSES_MAX` classes are needed. */
function widthFor(span: number): number {
  const least = Math.max(span / CLASSES_MAX, 1e-3)
  const power = 10 ** Math.floor(Math.log10(least))
  for (const step of STEPS) if (power * step >= least) return power * step
  return power * 10
}

/** Undefined without values. */
export function histogram(values: readonly number[]): Histogram | undefined {
  if (values.length === 0) return undefined
  const sorted = [...values].sort((a, b) => a - b)
  const [min, max] = [sorted[0], sorted[sorted.length - 1]]
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)]
  const width = widthFor(max - min)
  const from = Math.floor(min / width) * width
  const classes = new Array<number>(Math.floor((max - from) / width) + 1).fill(0)
  for (const value of sorted) classes[Math.min(classes.length - 1, Math.floor((value - from) / width))]++
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length
  return { count: sorted.length, min, max, mean, p50: at(0.5), p95: at(0.95), from, width, classes }
}
