import { type Bytes, fits, mebibytes, NONE, sum } from './bytes.ts'

type Wish = { id: string; need: Bytes; load: 'start' | 'demand' | undefined }

/**
 * Chooses the models that are loaded at the start. The others wait for their first request. Models that must be loaded
 * come first. Then come those that do not say, in the manifest's order while they fit.
 * @throws Error of one line where one model, or all that must be loaded at the start together, is larger than the whole
 * budget.
 */
export function atStart(models: readonly Wish[], budget: Bytes): Set<string> {
  for (const { id, need } of models) if (!fits(need, NONE, budget)) throw tooLarge(id, need, budget)
  const wanted = models.filter(({ load }) => load === 'start')
  let used = sum(wanted.map(({ need }) => need))
  if (!fits(NONE, used, budget))
    throw tooLarge(`${wanted.map(({ id }) => id).join(', ')} (all "load": "start")`, used, budget)
  const chosen = new Set(wanted.map(({ id }) => id))
  for (const { id, need, load } of models) {
    if (load !== undefined || !fits(need, used, budget)) continue
    chosen.add(id)
    used = sum([used, need])
  }
  return chosen
}

function tooLarge(what: string, need: Bytes, budget: Bytes): Error {
  const [variable, wanted, there] =
    need.host > budget.host
      ? ['HOST_MEMORY_MB', need.host, budget.host]
      : ['HOST_DEVICE_MEMORY_MB', need.device, budget.device]
  return new Error(
    `${what} will need about ${mebibytes(wanted)} MiB of memory; ${variable} allows ${mebibytes(there)}`,
  )
}
