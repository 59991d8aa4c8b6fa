/**
 * A format as regular expressions of whole texts. `written` matches only what every validator takes. `read` matches all
 * that any takes, and decides about texts that somebody else has written: those of an `enum`.
 */
type Format = {
  readonly written: string
  readonly read: string
  /**
   * The same without counts within it, which lengths would have to be counted beside. No text of up to `longest`
   * characters needs the counts.
   */
  readonly short?: { readonly written: string; readonly longest: number } | undefined
  /** What is written instead where a pattern stands beside it, as the library does that names this format: zod. */
  readonly beside?: string | undefined
  /** What is written where a pattern beside it leaves nothing of the others: all that the specification of the format has. */
  readonly leftOver?: string | undefined
}

const LEAP = '(?:[1-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:[2468][048]|[13579][26])00)'
const DAY =
  '(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))'
/** Of the years 1000 to 9999. Python knows no year 0. */
const DATE = `(?:[1-9][0-9]{3}-${DAY}|${LEAP}-02-29)`
const CLOCK = '(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,6})?'
const ZONE = '(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9])'
const ANY_CLOCK = '[0-2][0-9]:[0-5][0-9](?::[0-6][0-9](?:\\.[0-9]+)?)?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?'

const N = '[0-9]{1,4}'
const OF_TIME = `T(?:${N}H(?:${N}M(?:${N}S)?)?|${N}M(?:${N}S)?|${N}S)`
const OF_DATE = `(?:${N}Y(?:${N}M(?:${N}D)?)?|${N}M(?:${N}D)?|${N}D)`

/** Longer ones are rare, and each length more is one more place to tell apart. */
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,22}[A-Za-z0-9])?'
/** With a dot: without one, validators of addresses and of URLs take no host. */
const DOMAIN = `(?:${LABEL}\\.){1,4}[A-Za-z]{2,12}`
const ANY_LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?'
const ANY_DOMAIN = `(?:${ANY_LABEL}\\.)+[A-Za-z]{2,12}`
/** A label has at most 63 characters (RFC 1035), what stands before the "@" at most 64 (RFC 5321). */
const LONGEST_LABEL = 63
const BYTE = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'
const IPV4 = `${BYTE}(?:\\.${BYTE}){3}`
const H = '[0-9a-fA-F]{1,4}'
/** In full, or with a "::" for one group or more. */
const IPV6 = `(?:${[
  `${H}(?::${H}){7}`,
  ...Array.from({ length: 8 }, (_, before) => {
    const head = before === 0 ? '' : before === 1 ? H : `${H}(?::${H}){${before - 1}}`
    return before === 7 ? `${head}::` : `${head}::(?:${H}(?::${H}){0,${6 - before}})?`
  }),
].join('|')})`
const BITS32 = '(?:3[0-2]|[12]?[0-9])'
const BITS128 = '(?:12[0-8]|1[01][0-9]|[1-9]?[0-9])'
/** The bits beyond the prefix have to be zero. */
const NETWORK4 = `(?:${BYTE}\\.0\\.0\\.0/8|${BYTE}\\.${BYTE}\\.0\\.0/16|${BYTE}(?:\\.${BYTE}){2}\\.0/24|${IPV4}/32)`
const NETWORK6 = `(?:${H}(?::${H}){0,3}::/64|${IPV6}/128)`

const PCHAR = "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
const REST = `(?:\\?(?:${PCHAR}|[/?])*)?(?:#(?:${PCHAR}|[/?])*)?`
const uriOf = (domain: string) => `https?://${domain}(?::[1-9][0-9]{0,3})?(?:/${PCHAR}*)*${REST}`
const URI = uriOf(DOMAIN)
/** No parser of URLs counts the characters of a label. */
const SHORT_URI = { written: uriOf(ANY_DOMAIN), longest: Number.POSITIVE_INFINITY }
/**
 * Of any scheme (RFC 3986). A host's last part is no number, or else all of it is an address (WHATWG URL, 3.5), and where none is
 * named, a path follows, as in `file:///`.
 */
const NAMED_HOST = `(?:(?:${ANY_LABEL}\\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?|${IPV4})(?::[1-9][0-9]{0,3})?`
const HIERARCHY = `(?://(?:${NAMED_HOST}(?:/${PCHAR}*)*|(?:/${PCHAR}+)+)|/?${PCHAR}+(?:/${PCHAR}*)*)`
const OTHER_URI = { leftOver: `[A-Za-z][A-Za-z0-9+.-]*:${HIERARCHY}${REST}` }
/** Or a path, from the root or relative, whose first part has no colon (RFC 3986, 4.2), or what stands after one alone. */
const SEGMENT = "(?:[A-Za-z0-9._~!$&'()*+,;=@-]|%[0-9A-Fa-f]{2})+"
const REFERENCE = `(?:${URI}|/?${SEGMENT}(?:/${PCHAR}+)*/?${REST}|[?#](?:${PCHAR}|[/?])*)`
/** As ajv-formats reads them: a path before what is asked, and no two dashes together. */
const PLAIN_URL = `https?://(?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\\.)+[A-Za-z]{2,12}(?:(?:/${PCHAR}*)+${REST})?`
/** The same characters but an apostrophe, which RFC 6570 has not. */
const TEMPLATE = URI.replaceAll("'", '')
const SHORT_TEMPLATE = { ...SHORT_URI, written: SHORT_URI.written.replaceAll("'", '') }
const SHORT_REFERENCE = { written: `/${PCHAR}+(?:/${PCHAR}*)*${REST}`, longest: Number.POSITIVE_INFINITY }
const EMAIL = `[A-Za-z0-9_+-]{1,30}(?:\\.[A-Za-z0-9_+-]{1,15}){0,2}@${DOMAIN}`
const SHORT_EMAIL = {
  written: `[A-Za-z0-9_+-]+(?:\\.[A-Za-z0-9_+-]+)*@${ANY_DOMAIN}`,
  longest: LONGEST_LABEL,
}
const HOST = `${LABEL}(?:\\.${LABEL}){0,5}`
const SHORT_HOST = { written: `${ANY_LABEL}(?:\\.${ANY_LABEL})*`, longest: LONGEST_LABEL }

const UUID_OF = (version: string) =>
  `[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-${version}[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}`
/** Of any version: who asks for those that there are, as zod does, says so by a pattern beside it. */
const UUID = '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}'

/** The algorithms of signed tokens (RFC 7518, section 3.1; RFC 8037), and headers that name one. */
const ALGORITHMS = [
  ...['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'],
  ...['PS256', 'PS384', 'PS512', 'EdDSA'],
]
const HEADERS = ALGORITHMS.flatMap((alg) => [{ alg }, { alg, typ: 'JWT' }, { typ: 'JWT', alg }]).map(
  (header) => Buffer.from(JSON.stringify(header)).toString('base64url'),
)
const BASE64 = '(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?'
/** Base64 has no text of 4n + 1 characters. A payload is an object: `{"` begins it. */
const BASE64URL = '(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3})?'
/** As Python reads it too: with nothing to be filled up. */
const BASE64URL_OF_FOURS = '(?:[A-Za-z0-9_-]{4})*'
const JWT = `(?:${HEADERS.join('|')})\\.eyJ[A-Za-z0-9_-]${BASE64URL}\\.[A-Za-z0-9_-]{4}${BASE64URL}`

const POINTER = '(?:/[A-Za-z0-9_-]*)*'
const ANY = '[^\\s]*'
const ANY_URI = `[A-Za-z][A-Za-z0-9+.-]*:${ANY}`

/** Crockford's digits: no I, L, O or U. The first of 26 has three bits (ulid/spec). */
const ULID = '[0-7][0-9A-HJKMNP-TV-Z]{25}'
const PAIR = '[0-9a-f]{2}'
const MAC = `(?:${PAIR}(?::${PAIR}){5}|${PAIR.toUpperCase()}(?::${PAIR.toUpperCase()}){5})`
/** Of the other parts of an emoji, digits are some. So the first is a picture, unless a pattern says otherwise. */
const ANY_EMOJI = '(?:\\p{Extended_Pictographic}|\\p{Emoji_Component})'
const EMOJI = `\\p{Extended_Pictographic}${ANY_EMOJI}*`
/** What a phone's number is everywhere: ITU-T E.164. */
const E164 = '\\+[1-9][0-9]{6,14}'
const WORD = '[A-Za-z]{1,20}'

/** Bytes of a digest, by its algorithm, as zod's `hash` names it. */
const DIGESTS = { md5: 16, sha1: 20, sha256: 32, sha384: 48, sha512: 64 }

/** Digests in each of their spellings: `sha256_hex`, `sha256_base64`, `sha256_base64url`. */
const HASHES = Object.entries(DIGESTS).flatMap(([name, bytes]): [string, Format][] => {
  const digits = Math.ceil((bytes * 8) / 6)
  const filled = '='.repeat((4 - (digits % 4)) % 4)
  return [
    [`${name}_hex`, format(`[0-9a-fA-F]{${2 * bytes}}`)],
    [`${name}_base64`, format(`[A-Za-z0-9+/]{${digits}}${filled}`)],
    [`${name}_base64url`, format(`[A-Za-z0-9_-]{${digits}}`)],
  ]
})

/** Of the IANA data base. */
const ZONES = `(?:${['UTC', ...Intl.supportedValuesOf('timeZone')].map((name) => name.replaceAll('+', '\\+')).join('|')})`

/** How often a part of one is repeated: the second count of two has a digit more, so that it is not the smaller one. */
const REGEX_TIMES = '(?:[*+?]|\\{(?:[1-9][0-9]?,?|[0-9],[1-9][0-9])\\})?'
/**
 * And a group of these: Go's engine and RE2 take at most 1000 repetitions within one another (99 × 9 are fewer), and PCRE2 copies
 * a group that often.
 */
const REGEX_GROUP_TIMES = '(?:[*+?]|\\{[1-9]\\})?'
/** One of a class, or a range of it. A class that begins with `:`, `.` or `=` is one of POSIX to PCRE2, so these are left out. */
const REGEX_OF_CLASS = `(?:[A-Za-z0-9_'"!%;,/@ #<>*+?$]|a-z|A-Z|0-9|\\\\[dDwWsS.^\\[\\]\\\\-])`
/**
 * An expression that every engine reads alike: characters, classes and groups of these, each perhaps repeated. What is escaped are
 * the characters that ECMA-262 lets one escape with `u`.
 */
const REGEX_ATOM = `(?:[A-Za-z0-9 _@:;,/'"=!%&~#<>-]|\\.|\\\\[dDwWsS.^$*+?()\\[\\]{}|/\\\\]|\\[\\^?${REGEX_OF_CLASS}+\\])${REGEX_TIMES}`
const REGEX_GROUP = `\\((?:\\?:)?(?:${REGEX_ATOM})+(?:\\|(?:${REGEX_ATOM})+)*\\)${REGEX_GROUP_TIMES}`
const REGEX = `\\^?(?:${REGEX_ATOM}|${REGEX_GROUP})*\\$?`

function format(written: string, read = written, more: Omit<Format, 'written' | 'read'> = {}): Format {
  return { written, read, ...more }
}

/**
 * The formats that are enforced: those of JSON Schema (RFC 3339 dates, times and durations, RFC 5321 mailboxes, RFC 1123
 * host names, RFC 3986 URIs, RFC 4291 addresses, RFC 9562 UUIDs, RFC 6901 pointers), and those that zod, Pydantic, ajv-formats
 * and older drafts name and check.
 */
export const FORMATS: ReadonlyMap<string, Format> = new Map([
  ['date', format(DATE, `[0-9]{4}-(?:${DAY}|02-29)`)],
  ['time', format(CLOCK + ZONE, ANY_CLOCK)],
  ['date-time', format(`${DATE}T${CLOCK}${ZONE}`, `[0-9]{4}-(?:${DAY}|02-29)[Tt ]${ANY_CLOCK}`)],
  ['duration', format(`P(?:${OF_DATE}(?:${OF_TIME})?|${OF_TIME}|${N}W)`, '-?P[0-9.,YMWDTHS]+')],
  ['email', format(EMAIL, '[^@]+@[^@]+', { short: SHORT_EMAIL })],
  ['idn-email', format(EMAIL, '[^@]+@[^@]+', { short: SHORT_EMAIL })],
  ['hostname', format(HOST, ANY, { short: SHORT_HOST })],
  ['idn-hostname', format(HOST, ANY, { short: SHORT_HOST })],
  ['ipv4', format(IPV4)],
  ['ipv6', format(IPV6, '[0-9a-fA-F:.]+(?:%[^\\s]+)?')],
  ['ipvanyaddress', format(`(?:${IPV4}|${IPV6})`, '[0-9a-fA-F:.]+(?:%[^\\s]+)?')],
  ['ipv4interface', format(`${IPV4}/${BITS32}`, ANY)],
  ['ipv6interface', format(`${IPV6}/${BITS128}`, ANY)],
  ['ipvanyinterface', format(`(?:${IPV4}/${BITS32}|${IPV6}/${BITS128})`, ANY)],
  ['ipv4network', format(NETWORK4, ANY)],
  ['ipv6network', format(NETWORK6, ANY)],
  ['ipvanynetwork', format(`(?:${NETWORK4}|${NETWORK6})`, ANY)],
  ['uri', format(URI, ANY_URI, { short: SHORT_URI, ...OTHER_URI })],
  ['iri', format(URI, ANY_URI, { short: SHORT_URI, ...OTHER_URI })],
  ['uri-reference', format(REFERENCE, ANY, { short: SHORT_REFERENCE })],
  ['iri-reference', format(REFERENCE, ANY, { short: SHORT_REFERENCE })],
  ['uri-template', format(TEMPLATE, ANY, { short: SHORT_TEMPLATE })],
  ['json-pointer', format(POINTER, '(?:/.*)?')],
  ['relative-json-pointer', format(`(?:0|[1-9][0-9]{0,3})(?:#|${POINTER})`, '[0-9]+(?:#|/.*)?')],
  ['uuid', format(UUID)],
  ...['1', '2', '3', '4', '5', '6', '7', '8'].map(
    (version) => [`uuid${version}`, format(UUID_OF(version))] as const,
  ),
  ['base64', format(BASE64)],
  ['base64url', format(BASE64URL_OF_FOURS, '[A-Za-z0-9_-]*={0,2}', { beside: BASE64URL })],
  ['jwt', format(JWT, '[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]*')],
  ...HASHES,
  ['hex', format('(?:[0-9a-fA-F]{2})*', '[0-9a-fA-F]*', { beside: '[0-9a-fA-F]*' })],
  ['lowercase', format('[^A-Z]*')],
  ['uppercase', format('[^a-z]*')],
  ['emoji', format(EMOJI, `${ANY_EMOJI}+`, { beside: `${ANY_EMOJI}+` })],
  ['nanoid', format('[A-Za-z0-9_-]{21}', '[A-Za-z0-9_-]+', { beside: '[A-Za-z0-9_-]+' })],
  ['cuid', format('c[0-9a-z]{24}', '[cC][^\\s-]{6,}', { beside: 'c[0-9a-z]{6,}' })],
  ['cuid2', format('[a-z][0-9a-z]{23}', '[0-9a-z]+', { beside: '[0-9a-z]+' })],
  ['ulid', format(ULID, '[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{26}')],
  ['xid', format('[0-9a-v]{20}', '[0-9a-vA-V]{20}')],
  ['ksuid', format('[0-9A-Z][0-9A-Za-z]{26}', '[0-9A-Za-z]{27}')],
  ['mac', format(MAC, '[0-9a-fA-F]{2}(?:[:.-]?[0-9a-fA-F]{2}){5,7}', { beside: ANY })],
  ['cidrv4', format(`${IPV4}/${BITS32}`)],
  ['cidrv6', format(`${IPV6}/${BITS128}`, ANY)],
  ['e164', format(E164)],
  ['phone', format(E164, '[^a-zA-Z]+|tel:.+')],
  ['name-email', format(`${WORD}(?: ${WORD}){0,2} <${EMAIL}>`, '.*[^@]+@[^@]+')],
  ['multi-host-uri', format(`[a-z][a-z0-9]{1,14}://${DOMAIN}(?:,${DOMAIN}){0,3}(?:/${PCHAR}*)*`, ANY_URI)],
  ['zoneinfo', format(ZONES, '[A-Za-z0-9_+/-]+')],
  ['color', format('#(?:[0-9a-fA-F]{3}){1,2}', '.+')],
  ['regex', format(REGEX, '[^]*')],
  ['byte', format(BASE64)],
  // As ajv-formats names them: the first two without a zone too.
  ['iso-time', format(CLOCK + ZONE, ANY_CLOCK)],
  ['iso-date-time', format(`${DATE}T${CLOCK}${ZONE}`, `[0-9]{4}-(?:${DAY}|02-29)[Tt ]${ANY_CLOCK}`)],
  ['url', format(PLAIN_URL, ANY_URI)],
  ['json-pointer-uri-fragment', format(`#${POINTER}`, '#(?:/.*)?')],
  ['host-name', format(HOST, ANY, { short: SHORT_HOST })],
  ['ip-address', format(IPV4)],
])
