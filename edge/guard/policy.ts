import type { Guards, Plan } from '../../shared/catalog.ts'
import { card } from './card.ts'
import type { Detector } from './detector.ts'
import { iban } from './iban.ts'
import { email, phone, phoneOfNorthAmerica } from './personal.ts'
import type { Stretch } from './scan.ts'
import { knownSecret, randomSecret } from './secrets.ts'
import { words } from './words.ts'

/** What is looked for in one direction. Without any detector nothing is. */
export type Direction = {
  detectors: readonly Detector[]
  /** The rules whose finds are blocked; those of the others are only told of. */
  blocking: ReadonlySet<string>
}

/** A plan's guards, ready to be used. */
export type Policy = { in: Direction; out: Direction }

/** Something that was found: on its way to the model or back, and whether it was blocked. Never what it was. */
export type Finding = { way: 'in' | 'out'; rule: string; blocked: boolean }

/** All detectors of personal data and secrets, by the names that the catalog has for them. */
const PII: Readonly<Record<Guards['pii']['find'][number], readonly Detector[]>> = {
  card: [card],
  iban: [iban],
  email: [email],
  phone: [phone, phoneOfNorthAmerica],
  secret: [knownSecret, randomSecret],
}

const made = new WeakMap<Guards, Policy>()

/** A plan's guards; undefined where it has none. They are made once for each plan of a catalog. */
export function policyOf({ guards }: Pick<Plan, 'guards'>): Policy | undefined {
  if (!guards) return undefined
  const before = made.get(guards)
  if (before) return before
  const policy = { in: direction(guards, 'in'), out: direction(guards, 'out') }
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
  const blocking = of('block')
  return {
    // What blocks comes first: where two find something at the same place, the first one's word counts.
    detectors: [...blocking, ...of('flag')],
    blocking: new Set(blocking.map((detector) => detector.rule)),
  }
}

/** Tells each finding once, such as the rules of one request. */
export function findingsOf(
  { blocking }: Direction,
  way: Finding['way'],
  tell: (finding: Finding) => void,
): (rule: string) => boolean {
  const told = new Set<string>()
  /** Whether what the rule found is blocked. */
  return function found(rule) {
    const blocked = blocking.has(rule)
    if (!told.has(rule)) tell({ way, rule, blocked })
    told.add(rule)
    return blocked
  }
}

/**
 * The text of stretches up to the first that is blocked, and that one's rule.
 * @param found is asked about each rule that found something
 */
export function cutAt(stretches: readonly Stretch[], found: (rule: string) => boolean): Cut {
  let text = ''
  for (const { text: stretch, rule } of stretches) {
    if (rule !== undefined && found(rule)) return { text, rule }
    text += stretch
  }
  return { text, rule: undefined }
}
export type Cut = { text: string; rule: string | undefined }
