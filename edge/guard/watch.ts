import type { Detector } from './detector.ts'
import type { Direction } from './policy.ts'
import { PUT_BACK } from './put-back.ts'
import { createScan, type Stretch, scanWhole } from './scan.ts'
import type { Writing } from './seen.ts'

/** Tells what a rule found, and gives whether it is blocked. */
export type Found = (rule: string) => boolean

/** What may be passed on of a text, and the rule that found what comes next. */
export type Cut = { text: string; rule: string | undefined }

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
export function createWatch(direction: Direction, writing: Writing, found: Found): Watch {
  const blocking = createScan(soughtBy(direction), writing)
  const flagging = createScan(direction.flags, writing)
  /** What ended the text. Behind it nothing may be told. */
  let rule: string | undefined
  const flag = (stretches: readonly Stretch[]) => {
    for (const one of stretches) if (one.rule !== undefined) found(one.rule)
  }

  function pass(stretches: readonly Stretch[]): Cut {
    if (rule !== undefined) return { text: '', rule }
    const { said, ...cut } = cutAt(direction, stretches, writing)
    rule = cut.rule
    flag(flagging.read(said))
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
export function cutWhole(direction: Direction, text: string, writing: Writing, found: Found): Cut {
  const { said, ...cut } = cutAt(direction, scanWhole(soughtBy(direction), text, writing), writing)
  for (const { rule } of scanWhole(direction.flags, said, writing)) if (rule !== undefined) found(rule)
  if (cut.rule !== undefined) found(cut.rule)
  return cut
}

const sought = new WeakMap<Direction, readonly Detector[]>()

/** What changes a text. What is to be put back comes first: its placeholders are no text that anything is found in. */
function soughtBy(direction: Direction): readonly Detector[] {
  const { blocks, putBack } = direction
  if (!putBack) return blocks
  const before = sought.get(direction) ?? [putBack.detector, ...blocks]
  sought.set(direction, before)
  return before
}

/** Stretches up to the first find: what they say, and what is passed on of them. What is put back is the client's own. */
function cutAt(
  { putBack }: Direction,
  stretches: readonly Stretch[],
  writing: Writing,
): Cut & { said: string } {
  let text = ''
  let said = ''
  for (const { text: stretch, rule } of stretches) {
    if (rule !== undefined && rule !== PUT_BACK) return { text, rule, said }
    text += rule === PUT_BACK && putBack ? putBack.into(stretch, writing) : stretch
    said += stretch
  }
  return { text, rule: undefined, said }
}
