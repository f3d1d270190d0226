import { PROGRAM } from '../../src/meter/program.ts'

/** What `npm run build` makes a script of, as the payload of a firmware image for the virtual board. */
export default PROGRAM
