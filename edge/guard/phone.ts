import { type Detector, pattern } from './detector.ts'

const GAP = '[ .\\-()\\u2010-\\u2015]{0,2}'

/** Phone numbers with a country's code: a plus and 8 to 15 digits (ITU-T E.164). */
export const phone: Detector = pattern({
  rule: 'pii.phone',
  hint: /\+\(?\d/,
  first: /\+/,
  not: /[\w+]/,
  whole: new RegExp(`\\+\\(?\\d(?:${GAP}\\d){7,14}(?!\\d)`, 'y'),
  partial: new RegExp(`\\+\\(?(?:\\d(?:${GAP}\\d){0,14}${GAP})?`, 'y'),
})

/**
 * The same with 00 for the plus, as most countries dial. Country codes 1 and 0 are left out: there 00 begins articles' numbers
 * more often.
 */
export const phoneWithZeros: Detector = pattern({
  rule: 'pii.phone',
  hint: /00[2-9]/,
  first: /0/,
  not: /[\w.,+-]/,
  whole: new RegExp(`00[2-9](?:${GAP}\\d){7,14}(?!\\d)`, 'y'),
  partial: new RegExp(`00?(?:[2-9](?:${GAP}\\d){0,14}${GAP})?`, 'y'),
})

/** Phone numbers of the United States and Canada, as written there: `(555) 234-5678`, `555-234-5678`. */
export const phoneOfNorthAmerica: Detector = pattern({
  rule: 'pii.phone',
  hint: /\d{3}[-. ]\d{4}/,
  first: /[(2-9]/,
  not: /[\w.+-]/,
  whole: /(?:\([2-9]\d\d\) ?|[2-9]\d\d[-. ])[2-9]\d\d[-. ]\d{4}(?![\d-])/y,
  partial: /\(?[2-9]?\d{0,2}\)?[-. ]?[2-9]?\d{0,2}[-. ]?\d{0,4}/y,
})
