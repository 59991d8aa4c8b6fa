import { type Cut, cutAt, type Direction } from './policy.ts'
import { createScan, type Stretch, scanWhole } from './scan.ts'
import type { Writing } from './seen.ts'

/** Tells what a rule found, and gives whether it is blocked. */
export type Found = (rule: string) => boolean

/** Looks through one text that comes in pieces. Each gives what of the text may be passed on by now. */
export type Watch = {
  read(piece: string): Cut
  /** What is held back, as if the text had ended; it may go on (see Scan). */
  pause(): Cut
  end(): Cut
}

/**
 * A watch over a text. What only flags looks at what is passed on, by itself: so it never takes the place of what blocks, which
 * may begin within it.
 */
export function createWatch({ blocks, flags }: Direction, writing: Writing, found: Found): Watch {
  const blocking = createScan(blocks, writing)
  const flagging = createScan(flags, writing)
  /** What ended the text. Behind it nothing may be told. */
  let rule: string | undefined
  const flag = (stretches: readonly Stretch[]) => {
    for (const one of stretches) if (one.rule !== undefined) found(one.rule)
  }

  function pass(stretches: readonly Stretch[]): Cut {
    if (rule !== undefined) return { text: '', rule }
    const cut = cutAt(stretches)
    rule = cut.rule
    flag(flagging.read(cut.text))
    if (rule === undefined) return cut
    flag(flagging.end())
    found(rule)
    return cut
  }

  return {
    read: (piece) => pass(blocking.read(piece)),
    pause() {
      const cut = pass(blocking.pause())
      flag(flagging.pause())
      return cut
    },
    end() {
      const cut = pass(blocking.end())
      flag(flagging.end())
      return cut
    },
  }
}

/** What of a whole text may be passed on. */
export function cutWhole({ blocks, flags }: Direction, text: string, writing: Writing, found: Found): Cut {
  const cut = cutAt(scanWhole(blocks, text, writing))
  for (const { rule } of scanWhole(flags, cut.text, writing)) if (rule !== undefined) found(rule)
  if (cut.rule !== undefined) found(cut.rule)
  return cut
}
