import { assert } from '../lib/assert.ts'

/** A planned call. Opaque outside the scheduler; keep it to cancel it. */
export class Task {
  /** When it runs next, in microseconds of the world's time. */
  time_us: number
  /** Order of planning; decides between tasks of the same microsecond. */
  sequence = 0
  readonly callback: () => void
  readonly repeat_us: number
  /** Place in the heap, -1 when it is not planned. */
  index = -1

  constructor(callback: () => void, time_us: number, repeat_us: number) {
    this.callback = callback
    this.time_us = time_us
    this.repeat_us = repeat_us
  }
}

function before(a: Task, b: Task): boolean {
  return a.time_us < b.time_us || (a.time_us === b.time_us && a.sequence < b.sequence)
}

/**
 * Owns the clock of a virtual world: runs due tasks in order of time, then of planning, and jumps over the gaps.
 *
 * Time is an integer count of microseconds since 1970-01-01 UTC. It moves only inside `run`, so the same tasks give the same history on
 * every engine and at every speed; whoever calls `run` decides how fast time passes.
 */
export class Scheduler {
  #heap: Task[] = []
  #now_us: number
  #sequence = 0

  constructor(start_us: number) {
    assert(Number.isSafeInteger(start_us), 'time is an integer count of microseconds')
    this.#now_us = start_us
  }

  get now_us(): number {
    return this.#now_us
  }

  /** Time of the next task, Infinity without one. */
  get next_us(): number {
    return this.#heap.length > 0 ? this.#heap[0].time_us : Number.POSITIVE_INFINITY
  }

  get pending(): number {
    return this.#heap.length
  }

  /** Plans `callback` at `time_us` (never before now), then every `repeat_us` when that is not 0. */
  at(time_us: number, callback: () => void, repeat_us = 0): Task {
    assert(Number.isSafeInteger(time_us) && Number.isSafeInteger(repeat_us) && repeat_us >= 0, 'times are integer microseconds')
    const task = new Task(callback, Math.max(time_us, this.#now_us), repeat_us)
    this.#push(task)
    return task
  }

  after(delay_us: number, callback: () => void, repeat_us = 0): Task {
    return this.at(this.#now_us + Math.max(0, delay_us), callback, repeat_us)
  }

  /** A task that has run or was cancelled is ignored. */
  cancel(task: Task): void {
    const index = task.index
    if (index < 0) return
    task.index = -1
    const last = this.#heap.pop() as Task
    if (last === task) return
    this.#heap[index] = last
    last.index = index
    this.#down(index)
    this.#up(last.index)
  }

  /** Runs everything that is due up to and including `until_us`; the time is then `until_us`. */
  run(until_us: number): void {
    while (this.#heap.length > 0 && this.#heap[0].time_us <= until_us) this.#step()
    if (until_us > this.#now_us) this.#now_us = until_us
  }

  #step(): void {
    const task = this.#heap[0]
    this.#now_us = task.time_us
    if (task.repeat_us > 0) {
      task.time_us += task.repeat_us
      task.sequence = this.#sequence++
      this.#down(0)
    } else {
      this.cancel(task)
    }
    task.callback()
  }

  #push(task: Task): void {
    task.sequence = this.#sequence++
    task.index = this.#heap.length
    this.#heap.push(task)
    this.#up(task.index)
  }

  #up(from: number): void {
    const heap = this.#heap
    const task = heap[from]
    let index = from
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!before(task, heap[parent])) break
      heap[index] = heap[parent]
      heap[index].index = index
      index = parent
    }
    heap[index] = task
    task.index = index
  }

  #down(from: number): void {
    const heap = this.#heap
    const task = heap[from]
    const length = heap.length
    let index = from
    for (;;) {
      let child = 2 * index + 1
      if (child >= length) break
      if (child + 1 < length && before(heap[child + 1], heap[child])) child++
      if (!before(heap[child], task)) break
      heap[index] = heap[child]
      heap[index].index = index
      index = child
    }
    heap[index] = task
    task.index = index
  }
}
