// Before each file of a project with a stack: its files take turns, since they count what the stack does. This is the part of a
// file that no time-out runs in.
import { afterAll, inject } from 'vitest'
import { takeTurn } from './turns.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where turns are given (test/turns.ts). */
    turns: string
  }
}

const giveBack = await takeTurn(inject('turns'), inject('stackDir'))
// After all that the file itself does at its end: what was registered first is done last.
afterAll(giveBack)
