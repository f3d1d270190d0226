/**
 * Objects that are made when a client asks for them, from tables that are constants of a module: on a device they lie in flash, and an object takes memory only while
 * its request is answered.
 */
import type { CosemObject, ObjectList } from './source.ts'

/** Makes an object from what it serves; undefined where the meter has no such object. */
export type ObjectMaker<S> = (source: S) => CosemObject | undefined

/** Objects that follow each other in the list. */
export interface ObjectGroup<S> {
  /** Places; the same at every call. */
  count(source: S): number
  make(source: S, index: number): CosemObject | undefined
}

/** One object after the other. */
export function objectGroup<S>(...makers: readonly ObjectMaker<S>[]): ObjectGroup<S> {
  return Object.freeze({
    count: () => makers.length,
    make: (source: S, index: number) => makers[index](source),
  })
}

export class MadeObjects<S> implements ObjectList {
  readonly #source: S
  readonly #groups: readonly ObjectGroup<S>[]
  /** Where each group ends. */
  readonly #ends: Uint16Array

  constructor(source: S, groups: readonly ObjectGroup<S>[]) {
    this.#source = source
    this.#groups = groups
    let end = 0
    this.#ends = Uint16Array.from(groups, (group) => {
      end += group.count(source)
      return end
    })
  }

  get length(): number {
    return this.#ends.length === 0 ? 0 : this.#ends[this.#ends.length - 1]
  }

  at(place: number): CosemObject | undefined {
    const ends = this.#ends
    let group = 0
    while (group < ends.length && ends[group] <= place) group++
    return this.#groups[group]?.make(this.#source, group === 0 ? place : place - ends[group - 1])
  }
}
