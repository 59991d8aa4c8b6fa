import { classOf, type Detector, isWhole, matches } from './detector.ts'

const LOCAL = "[\\p{L}\\p{N}._%+'-]"
const LABEL = '[\\p{L}\\p{N}-]'
/** Characters before the @, and after it, at most (RFC 5321, 4.5.3.1.1 and 4.5.3.1.2). */
const MOST_LOCAL = 64
const MOST_DOMAIN = 255

const ONE = new RegExp(LOCAL, 'u')
const isLocal = classOf(ONE)
const RUN = new RegExp(`${LOCAL}{1,${MOST_LOCAL}}`, 'uy')
const DOMAIN = new RegExp(`(?:${LABEL}{1,63}\\.){1,8}\\p{L}{2,63}`, 'uy')
const PARTIAL = new RegExp(`(?:${LABEL}{1,63}\\.){0,8}${LABEL}{0,63}`, 'uy')

/**
 * E-mail addresses: a domain of two labels or more behind the @. What stands before an @ is read once, from where it begins or may
 * begin at most: to read it from each of its characters would take a text without a break sixty times as long.
 */
export const email: Detector = {
  rule: 'pii.email',
  hint: /@/,
  first: new RegExp(`${LOCAL}|[\\ud800-\\udbff]`, 'u'),
  at(text, place, ended) {
    const within = place > 0 && isLocal(text.charAt(place - 1))
    const open = !isWhole(text, place, ended)
    const most = place + MOST_LOCAL
    if (within && text.charAt(most) !== '@' && !(open && most >= text.length)) return undefined
    const end = place + matches(RUN, text, place)
    if (end === text.length) return open ? 'more' : undefined
    // One that begins before was asked about already.
    if (text.charAt(end) !== '@' || (within && end < most)) return undefined
    const domain = text.slice(end + 1, end + 1 + MOST_DOMAIN)
    if (open && domain.length < MOST_DOMAIN && matches(PARTIAL, domain) === domain.length) return 'more'
    const length = matches(DOMAIN, domain)
    return length > 0 ? end + 1 + length : undefined
  },
}
