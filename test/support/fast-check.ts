import fc from 'fast-check'

/**
 * Property tests draw the same examples in every run, so that a change is judged by what it changes. `FERRARIS_SEED=N` draws others;
 * `FERRARIS_SEED=random` new ones each time (a failure prints the seed that repeats it).
 */
const wanted = process.env.FERRARIS_SEED ?? '1'
if (wanted !== 'random') fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(wanted) })
