import { classOf, type Detector, isWhole, WINDOW } from './detector.ts'

const isLetterOrDigit = classOf(/[A-Za-z0-9]/)
const SEPARATOR = /[ .-]/
/** So many of them in a row, such as two spaces. */
const MOST_SEPARATORS = 2

/** Bank account numbers (ISO 13616), in one or in groups, in capitals or not, with their country's length and check digits. */
export const iban: Detector = {
  rule: 'pii.iban',
  hint: /[A-Za-z]{2}\d{2}[ .-]{0,2}[A-Za-z0-9]/,
  first: /[A-Za-z]/,
  at(text, place, ended) {
    if (place > 0 && isLetterOrDigit(text.charAt(place - 1))) return undefined
    let found = ''
    let between = 0
    let length = Infinity
    const most = Math.min(text.length, place + WINDOW)
    for (let next = place; next < most; next++) {
      const char = text.charAt(next)
      const belongs = isLetterOrDigit(char)
      if (found.length === length) return !belongs && isIban(found) ? next : undefined
      between = belongs ? 0 : between + 1
      if (belongs) found += char.toUpperCase()
      else if (found.length < 4 || !SEPARATOR.test(char) || between > MOST_SEPARATORS) return undefined
      if (found.length === 2) length = LENGTHS.get(found) ?? 0
      if (length === 0 || (found.length <= 4 && !/^[A-Z]{0,2}$|^[A-Z]{2}\d{1,2}$/.test(found)))
        return undefined
    }
    if (!isWhole(text, place, ended)) return most > place ? 'more' : undefined
    return found.length === length && isIban(found) ? most : undefined
  },
}

/** The remainder of the whole, its first four characters last and letters as 10 to 35, is 1 (ISO 7064, MOD 97-10). */
function isIban(found: string): boolean {
  let rest = 0
  for (const char of found.slice(4) + found.slice(0, 4)) {
    const value = Number.parseInt(char, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}

/** Characters of an IBAN by country (SWIFT's IBAN registry). */
const LENGTHS: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 ' +
    'FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 ' +
    'LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 ' +
    'RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
)
