import type { Guards, Plan } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import { card } from './card.ts'
import type { Detector } from './detector.ts'
import { email } from './email.ts'
import { iban } from './iban.ts'
import { phone, phoneOfNorthAmerica, phoneWithZeros } from './phone.ts'
import type { PutBack } from './put-back.ts'
import { knownSecret, randomSecret, wholeSecrets } from './secrets.ts'
import { words } from './words.ts'

/** What is looked for in one direction. */
export type Direction = {
  /** What they find is blocked. */
  blocks: readonly Detector[]
  /** What they find is only told of. */
  flags: readonly Detector[]
  /** What was taken out of the request and belongs into the answer. */
  putBack?: PutBack | undefined
}

/** Whether nothing is looked for. */
export const isIdle = ({ blocks, flags, putBack }: Direction) =>
  !putBack && blocks.length + flags.length === 0
/** Whether a text may be changed before it leaves. */
export const mayChange = ({ blocks, putBack }: Direction) => putBack !== undefined || blocks.length > 0

/** A plan's guards, ready to be used. */
export type Policy = {
  in: Direction
  out: Direction
  /** What is taken out of requests, and put back into their answers. */
  masks: readonly Detector[]
  /** Whether that is for own hosts too. */
  masksAll: boolean
}

/** Something that was found: on its way to the model or back, and whether it was blocked, or taken out. Never what it was. */
export type Finding = { way: 'in' | 'out'; rule: string; blocked: boolean; masked?: true }

/** The refusal of a text for what a rule found in it. @param where `text` of a request, with its field, or `answer` */
export function contentBlocked(where: 'text' | 'answer', rule: string, param?: string): TwohopError {
  const message = `The ${where} has something that is not let through here: ${rule}.`
  return new TwohopError('content_blocked', message, param === undefined ? {} : { param })
}

/** All detectors of personal data and secrets, by the names that the catalog has for them. */
const PII: Readonly<Record<Guards['pii']['find'][number], readonly Detector[]>> = {
  card: [card],
  iban: [iban],
  email: [email],
  phone: [phone, phoneWithZeros, phoneOfNorthAmerica],
  secret: [knownSecret, randomSecret],
}

/** Those detectors for masking, which takes a find out as a whole: a token up to its end, a private key with all its lines. */
const WHOLE = { ...PII, secret: wholeSecrets }
/** All of those. */
export const ALL_WHOLE: readonly Detector[] = Object.values(WHOLE).flat()

const made = new WeakMap<Guards, Policy>()

/** A plan's guards; undefined where it has none. They are made once for each plan of a catalog. */
export function policyOf({ guards }: Pick<Plan, 'guards'>): Policy | undefined {
  if (!guards) return undefined
  const before = made.get(guards)
  if (before) return before
  const { pii } = guards
  const policy = {
    in: direction(guards, 'in'),
    out: direction(guards, 'out'),
    masks: pii.in === 'mask' ? pii.find.flatMap((name) => WHOLE[name]) : [],
    masksAll: pii.mask === 'all',
  }
  made.set(guards, policy)
  return policy
}

function direction({ pii, blocklist }: Guards, way: 'in' | 'out'): Direction {
  const listed = blocklist.words.length > 0 ? [words('blocklist', blocklist.words)] : []
  const asked = [
    { action: pii[way], detectors: pii.find.flatMap((name) => PII[name]) },
    { action: blocklist[way], detectors: listed },
  ]
  const of = (action: string) => asked.filter((one) => one.action === action).flatMap((one) => one.detectors)
  return { blocks: of('block'), flags: of('flag') }
}

/** Says of each rule that found something whether it is blocked, and tells it once. */
export function findingsOf(
  { blocks }: Direction,
  way: Finding['way'],
  tell: (finding: Finding) => void,
): (rule: string) => boolean {
  const blocking = new Set(blocks.map(({ rule }) => rule))
  const once = toldOnce(tell)
  return function found(rule) {
    const blocked = blocking.has(rule)
    once({ way, rule, blocked })
    return blocked
  }
}

/** Tells each finding once, such as those of one request. */
export function toldOnce(tell: (finding: Finding) => void): (finding: Finding) => void {
  const told = new Set<string>()
  return function once(finding) {
    const { way, rule } = finding
    if (!told.has(`${way} ${rule}`)) tell(finding)
    told.add(`${way} ${rule}`)
  }
}
