import type { Answer } from '../../shared/fetch.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { Timing } from '../../shared/timing.ts'

/** How long the host says that it took, by the header `x-timing`; undefined where it does not say. */
export function timingIn(headers: Answer['headers']): Timing | undefined {
  return Timing.safeParse(parseJson(headers.get('x-timing') ?? '')).data
}
