import { type Detector, pattern } from './detector.ts'
import { scanWhole, seenWhole } from './scan.ts'
import type { Writing } from './seen.ts'

/** The kinds of values that are taken out, as a model reads them. */
const KINDS = 'CARD|IBAN|EMAIL|PHONE|SECRET'
const PLACEHOLDER = `\\[(?:${KINDS})_[1-9]\\d{0,5}\\]`
/** All that look like one in a text. */
export const PLACEHOLDERS = new RegExp(PLACEHOLDER, 'g')

/** The placeholder for a value that a rule found, such as `[EMAIL_1]`. */
export const placeholder = (rule: string, number: number): string => {
  const [group = '', name = ''] = rule.split('.')
  return `[${(group === 'secret' ? group : name).toUpperCase()}_${number}]`
}

/** The rule of placeholders that a request has. Nothing is told of it. */
export const PUT_BACK = 'put_back'

/** Puts the values of one request back into its answer. */
export type PutBack = {
  /** Finds the placeholders of the request: no others, however alike. */
  detector: Detector
  /** What is written for a placeholder that was found. @param raw as the model wrote it */
  into(raw: string, writing: Writing): string
  /** A whole plain text with all put back. */
  whole(text: string): string
}

/**
 * The most characters that are put back into one answer: a model may say a placeholder of few characters over and over, and what
 * it stands for can be long. Beyond that, placeholders stay.
 */
export const MOST_PUT_BACK = 1024 * 1024

/** @param values what was taken out, by its placeholders */
export function createPutBack(values: ReadonlyMap<string, string>): PutBack {
  let put = 0
  const detector = pattern({
    rule: PUT_BACK,
    hint: /\[/,
    first: /\[/,
    whole: new RegExp(PLACEHOLDER, 'y'),
    partial: /\[[A-Z]{0,6}(?:_\d{0,6})?/y,
    accept: (name) => values.has(name),
  })

  function into(raw: string, writing: Writing): string {
    // Of one that was given in part at a pause, the rest is none.
    const value = values.get(seenWhole(raw, writing))
    if (value === undefined || put + value.length > MOST_PUT_BACK) return raw
    put += value.length
    return writing === 'json' ? JSON.stringify(value).slice(1, -1) : value
  }

  return {
    detector,
    into,
    whole: (text) =>
      scanWhole([detector], text)
        .map((stretch) => (stretch.rule === undefined ? stretch.text : into(stretch.text, 'plain')))
        .join(''),
  }
}
