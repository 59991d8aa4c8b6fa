import type { Detector } from './detector.ts'
import { createScan, type Scan, type Stretch, scanWhole } from './scan.ts'
import type { Writing } from './seen.ts'

/**
 * What two ways to read a text have decided: as it is written, and as a text with JSON in it, which differs from its first backslash
 * on. Whoever gets the text may read it either way.
 */
export type Read = { own: readonly Stretch[]; within: readonly Stretch[] | undefined }

/** Reads a text that comes in pieces both ways (see Scan). */
export type Readings = { read(piece: string): Read; pause(): Read; end(): Read }

export function createReadings(detectors: readonly Detector[], writing: Writing): Readings {
  const own = createScan(detectors, writing)
  let within: Scan | undefined
  const both = (act: (scan: Scan) => Stretch[]): Read => ({ own: act(own), within: within && act(within) })
  return {
    read(piece) {
      if (piece.includes('\\')) within ??= own.fork('escaped')
      return both((scan) => scan.read(piece))
    },
    pause: () => both((scan) => scan.pause()),
    end: () => both((scan) => scan.end()),
  }
}

/** The same of a whole text. */
export function readWhole(detectors: readonly Detector[], text: string, writing: Writing): Read {
  return {
    own: scanWhole(detectors, text, writing),
    within: text.includes('\\') ? scanWhole(detectors, text, 'escaped') : undefined,
  }
}

/** Stretches of the text as it is written, up to the first find of either way, and the rule of that. */
export type Agreed = { stretches: Stretch[]; rule: string | undefined }

/**
 * Takes what both ways decide, and gives what they agree on: a character is given when neither can find anything in it any more. So
 * what is given does not depend on the pieces.
 * @param isFind whether a rule ends the text
 */
export function createAgreed(isFind: (rule: string) => boolean): (read: Read, ended: boolean) => Agreed {
  /** Of the text as it is written: decided, and not given. */
  let waiting: Stretch[] = []
  /** Characters that the other way has let pass beyond what was given, and what it found behind them. */
  let free = 0
  let found: string | undefined

  return function agreed({ own, within }, ended) {
    waiting = waiting.concat(own)
    for (const { text, rule } of within ?? []) {
      if (rule !== undefined && isFind(rule)) found ??= rule
      else if (found === undefined) free += text.length
    }
    const bound = within ? free : Infinity
    const stretches: Stretch[] = []
    let given = 0
    let rule: string | undefined
    let at = 0
    for (let next = waiting[at]; rule === undefined && next; next = waiting[at]) {
      const { text } = next
      if (next.rule !== undefined && isFind(next.rule)) rule = next.rule
      else if (given + text.length <= bound) {
        stretches.push(next)
        given += text.length
        at++
      } else {
        // What is put back is given whole or not at all.
        const part = next.rule === undefined ? text.slice(0, bound - given) : ''
        if (part !== '') stretches.push({ text: part })
        given += part.length
        waiting[at] = { ...next, text: text.slice(part.length) }
        if (found === undefined) break
        rule = found
      }
    }
    waiting = waiting.slice(at)
    if (within) free -= given
    if (ended) rule ??= found
    return { stretches, rule }
  }
}
