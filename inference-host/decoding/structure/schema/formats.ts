/**
 * The formats that are enforced, as regular expressions: RFC 3339 dates and times, RFC 5321 mailboxes, RFC 1123 host
 * names, RFC 3986 URIs, RFC 9562 UUIDs. They match only valid values, but not all of them: February has 28 days here,
 * and an IPv6 address is written in full.
 */
const DATE =
  '(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8])))'
const CLOCK = '(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,6})?'
const ZONE = '(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9])'
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,20}[a-z0-9])?'
const HOST = `${LABEL}(?:\\.${LABEL}){0,5}`
const BYTE = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'
const PATH = '(?:/[A-Za-z0-9._~-]{1,60}){0,8}/?'
const QUERY = '(?:\\?[A-Za-z0-9._~=&-]{0,200})?'

export const FORMATS: ReadonlyMap<string, string> = new Map([
  ['date', DATE],
  ['time', CLOCK + ZONE],
  ['date-time', `${DATE}T${CLOCK}${ZONE}`],
  ['duration', 'P(?:[0-9]{1,4}D(?:T[0-9]{1,4}H)?|T(?:[0-9]{1,4}H)?[0-9]{1,4}M|[0-9]{1,4}W)'],
  ['email', `[A-Za-z0-9_+-]{1,30}(?:\\.[A-Za-z0-9_+-]{1,15}){0,2}@${LABEL}(?:\\.${LABEL}){1,5}`],
  ['hostname', HOST],
  ['ipv4', `${BYTE}(?:\\.${BYTE}){3}`],
  ['ipv6', '[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){7}'],
  ['uri', `https?://${HOST}${PATH}${QUERY}`],
  ['uuid', '[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'],
])
