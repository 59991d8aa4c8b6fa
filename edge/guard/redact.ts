import { ALL_WHOLE } from './policy.ts'
import { scanWhole } from './scan.ts'
import type { Writing } from './seen.ts'
import { mapTexts, writingsAt } from './texts.ts'

/** A text with the name of its rule in the place of each find. */
function without(text: string, writing: Writing): string {
  return scanWhole(ALL_WHOLE, text, writing)
    .map((stretch) => (stretch.rule === undefined ? stretch.text : `[${stretch.rule}]`))
    .join('')
}

/**
 * A request as JSON, without personal data, secrets and images, for who reads it later: all that the guards can find is taken out,
 * whatever the plan looks for. It is not put back, so more is taken out than a model could do with: what is a find in JSON alone, in
 * ids, or in keys.
 */
export function redacted(request: object): string {
  const texts = mapTexts(request, (text, path) => {
    const writings: Writing[] = [...writingsAt(path, text), 'json']
    return writings.reduce(without, text)
  })
  // An image has its bytes where its address stands.
  const json = JSON.stringify(texts, (key, value: unknown) => (key === 'image_url' ? '[image]' : value))
  return without(json, 'json')
}
