import type { Detector } from './detector.ts'
import type { Direction } from './policy.ts'
import { PUT_BACK } from './put-back.ts'
import { type Agreed, createAgreed, createReadings, type Read, readWhole } from './readings.ts'
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
  const blocking = createReadings(soughtBy(direction), writing)
  const agreed = createAgreed(isFind)
  const flagging = createReadings(direction.flags, writing)
  /** What ended the text. Behind it nothing may be told. */
  let rule: string | undefined

  function pass(read: Read, ended: boolean): Cut {
    if (rule !== undefined) return { text: '', rule }
    const { said, ...cut } = cutAt(direction, agreed(read, ended), writing)
    rule = cut.rule
    tellAll(flagging.read(said), found)
    if (rule === undefined) return cut
    tellAll(flagging.end(), found)
    found(rule)
    return cut
  }

  return {
    read: (piece) => pass(blocking.read(piece), false),
    pause() {
      const cut = pass(blocking.pause(), false)
      tellAll(flagging.pause(), found)
      return cut
    },
    end() {
      const cut = pass(blocking.end(), true)
      tellAll(flagging.end(), found)
      return cut
    },
  }
}

/** What of a whole text may be passed on. */
export function cutWhole(direction: Direction, text: string, writing: Writing, found: Found): Cut {
  const read = readWhole(soughtBy(direction), text, writing)
  const { said, ...cut } = cutAt(direction, createAgreed(isFind)(read, true), writing)
  tellAll(readWhole(direction.flags, said, writing), found)
  if (cut.rule !== undefined) found(cut.rule)
  return cut
}

const isFind = (rule: string) => rule !== PUT_BACK

function tellAll({ own, within = [] }: Read, found: Found): void {
  for (const { rule } of [...own, ...within]) if (rule !== undefined) found(rule)
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

/** What stretches say, and what is passed on of them. What is put back is the client's own. */
function cutAt(
  { putBack }: Direction,
  { stretches, rule }: Agreed,
  writing: Writing,
): Cut & { said: string } {
  let text = ''
  let said = ''
  for (const { text: stretch, rule: own } of stretches) {
    text += own === PUT_BACK && putBack ? putBack.into(stretch, writing) : stretch
    said += stretch
  }
  return { text, rule, said }
}
