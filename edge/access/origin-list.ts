import * as z from 'zod'
import { entriesOf, ofEntry } from '../../shared/listed.ts'
import { isPublicSuffix } from './public-suffix.ts'

/** The origins that browsers may call from. */
export type AllowedOrigins = { has(origin: string): boolean }

/** An entry of the list: whether it means an origin, or what is wrong with it. */
type Entry = ((origin: string) => boolean) | { wrong: string }

/**
 * `ALLOWED_ORIGINS`: origins by comma. An entry is an exact origin, all subdomains (`https://*.app.example`), all
 * installed extensions of a kind of browser (`moz-extension://*`), or all ports of this machine (`http://localhost:*`).
 *
 * A wildcard opens no door: an origin is no proof of who calls, and whatever is no browser can send any. The token
 * decides. The list only keeps other pages from using a token that they got hold of in a browser.
 *
 * An entry that no browser could ever send is refused, with the origin that it would send.
 */
export const Origins = z.string().transform((list, context): AllowedOrigins => {
  const exact = new Set<string>()
  const patterns: ((origin: string) => boolean)[] = []
  const entries = entriesOf(list)
  for (const [i, text] of entries.entries()) {
    const entry = entryOf(text)
    if ('wrong' in entry) context.addIssue(ofEntry(i, entries.length, entry.wrong))
    else if (text.includes('*')) patterns.push(entry)
    else exact.add(text)
  }
  return { has: (origin) => exact.has(origin) || patterns.some((matches) => matches(origin)) }
})

/**
 * Schemes whose host is an id that the browser gives: for a published extension of Chromium the same everywhere, for
 * the others another at each installation.
 */
const OF_INSTALLATIONS: Readonly<Record<string, { id: RegExp; is: string }>> = {
  'chrome-extension': { id: /^[a-p]{32}$/, is: '32 letters from a to p' },
  'moz-extension': { id: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, is: 'a UUID in lower case' },
  'safari-web-extension': { id: /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, is: 'a UUID' },
  'vscode-webview': { id: /^[0-9a-z-]{1,63}$/, is: 'letters and digits' },
}
/** Schemes of apps that show pages of their own: `capacitor://localhost`, `tauri://localhost`, `app://my.app`. */
const OF_APPS: ReadonlySet<string> = new Set(['capacitor', 'ionic', 'tauri', 'app'])
const APP_HOST = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/

function entryOf(text: string): Entry {
  if (text === 'null')
    return { wrong: 'is what files and sandboxed frames of everybody send, so it is not let in' }
  if (text === '*') return { wrong: 'would let every page in: list those that are yours' }
  const [, scheme = '', rest = ''] = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\/(.*)$/s.exec(text) ?? []
  if (scheme === '') return { wrong: `has no scheme, as in https://app.example` }
  const installed = OF_INSTALLATIONS[scheme]
  if (installed) return installedOf(scheme, rest, installed)
  if (OF_APPS.has(scheme))
    return APP_HOST.test(rest)
      ? (origin) => origin === text
      : {
          wrong: `is not what an app sends: ${scheme}://, then its host in lower case, and nothing behind it`,
        }
  if (scheme !== 'http' && scheme !== 'https')
    return {
      wrong: `has a scheme that is not known: there are https, http, ${[...Object.keys(OF_INSTALLATIONS), ...OF_APPS].join(', ')}`,
    }
  return text.includes('*') ? wildcardOf(scheme, rest) : webOf(text)
}

function installedOf(scheme: string, id: string, known: { id: RegExp; is: string }): Entry {
  if (id === '*')
    return (origin) => origin.startsWith(`${scheme}://`) && known.id.test(origin.slice(scheme.length + 3))
  if (known.id.test(id)) return (origin) => origin === `${scheme}://${id}`
  return { wrong: `has no id that a browser gives: ${known.is}, and nothing behind it, or * for all` }
}

/** An origin as a browser serializes it: lower case, in Punycode, without a default port, a path or a slash. */
function webOf(text: string): Entry {
  const url = URL.parse(text)
  if (!url) return { wrong: 'is no origin, such as https://app.example' }
  return url.origin === text
    ? (origin) => origin === text
    : { wrong: `is never sent: browsers send ${url.origin}` }
}

/** `https://*.app.example` with or without a port, or any port of loopback. */
function wildcardOf(scheme: string, rest: string): Entry {
  const loopback = /^(localhost|127\.0\.0\.1|\[::1\]):\*$/.exec(rest)?.[1]
  if (loopback) {
    const begin = `${scheme}://${loopback}`
    return (origin) => origin.startsWith(begin) && /^(:\d{1,5})?$/.test(origin.slice(begin.length))
  }
  const parent = rest.startsWith('*.') ? rest.slice(2) : ''
  if (parent === '' || parent.includes('*'))
    return {
      wrong:
        'has a * that stands neither for subdomains (https://*.app.example) nor for ports (http://localhost:*)',
    }
  const plain = webOf(`${scheme}://${parent}`)
  if ('wrong' in plain) return { wrong: `${plain.wrong}, with names before it` }
  if (!URL.canParse(`${scheme}://a.${parent}`))
    return { wrong: 'is no domain: nothing stands before an address' }
  // A dot at its end names the root, and says nothing more.
  const domain = parent.replace(/\.?(?::\d+)?$/, '')
  if (!domain.includes('.') && domain !== 'localhost')
    return { wrong: 'is a whole top-level domain: name the domain that is yours' }
  if (isPublicSuffix(domain))
    return { wrong: 'is a domain under which anybody can have a name: name the one that is yours' }
  const begin = `${scheme}://`
  const end = `.${parent}`
  return (origin) =>
    origin.startsWith(begin) &&
    origin.endsWith(end) &&
    /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(origin.slice(begin.length, -end.length))
}
