import { describe, expect, test } from 'vitest'
import type { ByteStream, Session } from '../../src/links/link.ts'
import { guardAccept, guardTimer } from '../../src/meter/guarded.ts'
import { type Guard, type Part, Supervisor } from '../../src/meter/supervisor.ts'
import { Scheduler } from '../../src/world/scheduler.ts'
import { WorldTimer } from '../../src/world/time.ts'

/** A part that notes its starts and stops, and does at each start what the test says. */
function bench(onStart: (guard: Guard, start: number) => void = () => {}, silence_ms?: number) {
  const time = { ms: 0 }
  const events: string[] = []
  const starts_s: number[] = []
  let guard: Guard | undefined
  let stops = 0
  const supervisor = new Supervisor({ ticks_ms: () => time.ms, onFault: (part, reason) => events.push(`${part}: ${reason}`) })
  const part: Part = {
    start: (given) => {
      guard = given
      starts_s.push(time.ms / 1000)
      onStart(given, starts_s.length)
    },
    stop: () => {
      stops++
    },
    silence_ms,
  }
  supervisor.add('demo', part)
  const pass = (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      time.ms += 1000
      supervisor.second()
    }
  }
  const fail = () =>
    guard?.run(() => {
      throw new Error('broken')
    })
  return { supervisor, events, starts_s, pass, fail, time, stops: () => stops, guard: () => guard as Guard }
}

describe('Supervisor', () => {
  test('a part that throws at every start is tried after 1 s, then twice as long each time, up to 300 s; one event', () => {
    const { starts_s, events, pass, stops, supervisor } = bench(() => {
      throw new Error('no network')
    })
    pass(2000)
    const gaps_s = starts_s.slice(1).map((start_s, i) => start_s - starts_s[i])
    expect(gaps_s.slice(0, 10)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300])
    expect(new Set(gaps_s.slice(9))).toEqual(new Set([300]))
    expect(stops()).toBe(starts_s.length)
    expect(events).toEqual(['demo: no network'])
    expect(supervisor.health[0]).toMatchObject({ name: 'demo', state: 'waiting', restarts: 0, episodes: 1, faults: starts_s.length })
  })

  test('what a callback throws goes no further; the part starts again', () => {
    const { fail, pass, starts_s, stops, supervisor, events } = bench()
    fail()
    expect([stops(), supervisor.health[0]?.state]).toEqual([1, 'waiting'])
    pass(1)
    expect(starts_s).toEqual([0, 1])
    expect(supervisor.health[0]).toMatchObject({ state: 'running', restarts: 1, faults: 1, lastReason: 'broken' })
    expect(events).toEqual(['demo: broken'])
  })

  test('ten good minutes end an episode: the next fault is an event of its own, and the pause is short again', () => {
    const { fail, pass, starts_s, events } = bench()
    for (let i = 0; i < 4; i++) {
      fail()
      pass(20)
    }
    expect(events).toHaveLength(1)
    expect(starts_s).toEqual([0, 1, 22, 44, 68])
    pass(600)
    fail()
    pass(1)
    expect(events).toHaveLength(2)
    expect(starts_s.at(-1)).toBe(681)
  })

  test('callbacks of an earlier start come to nothing', () => {
    const { fail, pass, guard, supervisor } = bench()
    const first = guard()
    fail()
    pass(1)
    let called = false
    first.run(() => {
      called = true
    })
    first.fail('late')
    first.note('late')
    expect(called).toBe(false)
    expect(supervisor.health[0]).toMatchObject({ state: 'running', faults: 1 })
  })

  test('a part is stopped after the callback in which it failed, not below it', () => {
    const { guard, stops } = bench()
    guard().run(() => {
      guard().run(() => guard().fail('inner'))
      expect(stops()).toBe(0)
    })
    expect(stops()).toBe(1)
  })

  test('no sign of life within the limit: stopped and started again', () => {
    const { guard, pass, starts_s, events } = bench(() => {}, 5000)
    for (let i = 0; i < 10; i++) {
      pass(4)
      guard().alive()
    }
    expect(starts_s).toEqual([0])
    pass(6)
    expect(events).toEqual(['demo: silent for 6000 ms'])
    pass(1)
    expect(starts_s).toEqual([0, 47])
  })

  test('a stop that throws does not keep the others from being stopped', () => {
    const supervisor = new Supervisor({ ticks_ms: () => 0 })
    const stopped: string[] = []
    const part = (name: string): Part => ({
      start: () => {},
      stop: () => {
        stopped.push(name)
        throw new Error(name)
      },
    })
    supervisor.add('a', part('a'))
    supervisor.add('b', part('b'))
    supervisor.close()
    supervisor.close()
    expect(stopped).toEqual(['b', 'a'])
    expect(supervisor.health.map(({ lastReason }) => lastReason)).toEqual(['a', 'b'])
  })

  test('one that fails in its stop, too, or throws what is no error, is no worse', () => {
    const { starts_s, pass, supervisor } = bench(() => {
      throw undefined
    })
    pass(10)
    expect(starts_s.length).toBe(4)
    expect(supervisor.health[0]?.lastReason).toBe('undefined')
  })
})

describe('guardTimer', () => {
  test('a callback that throws ends its part; what repeats does not outlive it', () => {
    const scheduler = new Scheduler(0)
    const timer = new WorldTimer(scheduler)
    let ticks = 0
    const { supervisor, pass } = bench((guard, start) => {
      guardTimer(timer, guard).set(
        () => {
          ticks++
          if (start === 1 && ticks === 3) throw new Error('third')
        },
        10,
        10,
      )
    })
    scheduler.run(1_000_000)
    expect([ticks, scheduler.pending, supervisor.health[0]?.state]).toEqual([3, 0, 'waiting'])
    pass(1)
    scheduler.run(2_000_000)
    expect(ticks).toBe(103)
    supervisor.close()
    expect(scheduler.pending).toBe(0)
  })
})

describe('guardAccept', () => {
  function connections(receive: (bytes: Uint8Array) => number) {
    const it = bench()
    const closed: number[] = []
    const connect = () => {
      const index = closed.push(0) - 1
      const stream: ByteStream = { peer: 'test', writable: 100, send: () => true, close: () => closed[index]++ }
      const session: Session = { receive, closed: () => {} }
      return guardAccept(() => session, it.guard())(stream) as Session
    }
    return { ...it, connect, closed }
  }

  test('what a session throws ends its connection and no other', () => {
    const { connect, closed, stops, supervisor } = connections((bytes) => {
      if (bytes[0] === 1) throw new Error('bad')
      return bytes.length
    })
    const [good, bad] = [connect(), connect()]
    expect(bad.receive(Uint8Array.of(1))).toBe(1)
    expect(bad.receive(Uint8Array.of(1))).toBe(1)
    expect(good.receive(Uint8Array.of(0, 0))).toBe(2)
    expect([closed, stops(), bad.spare, good.spare]).toEqual([[0, 1], 0, true, false])
    expect(supervisor.health[0]).toMatchObject({ faults: 1, lastReason: 'bad' })
  })

  test('a service in which nothing works any more is started again, one in which something works is not', () => {
    const { connect, guard, stops, events } = connections((bytes) => {
      if (bytes[0] === 1) throw new Error('bad')
      return bytes.length
    })
    for (let i = 0; i < 20; i++) {
      connect().receive(Uint8Array.of(1))
      if (i % 5 === 0) connect().receive(Uint8Array.of(0))
    }
    expect(stops()).toBe(0)
    guard().run(() => {
      for (let i = 0; i < 8; i++) connect().receive(Uint8Array.of(1))
    })
    expect(stops()).toBe(1)
    expect(events).toHaveLength(1)
  })

  test('a connection that cannot even begin is refused', () => {
    const { guard, supervisor } = bench()
    const accept = guardAccept(() => {
      throw new Error('no session')
    }, guard())
    expect(accept({ peer: 'test', writable: 0, send: () => true, close: () => {} })).toBeUndefined()
    expect(supervisor.health[0]?.lastReason).toBe('no session')
  })
})
