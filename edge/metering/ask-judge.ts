import * as z from 'zod'
import { scopeOf } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { unitsOf } from '../../shared/units.ts'
import { JUDGE_MS } from '../parse/judged.ts'
import type { Work } from '../parse/work.ts'
import { readText } from '../upstream/bounded.ts'
import { BEFORE_COMPUTE, NothingComputed, type UpstreamCaller } from '../upstream/port.ts'
import { timingIn } from '../upstream/timing-in.ts'
import { usageIn } from '../upstream/usage-in.ts'
import { versionOf } from '../upstream/version.ts'
import type { Held } from './held.ts'

/** The most bytes of its answer: 2,048 pieces with two labels each. */
const MAX_ANSWER_BYTES = 1024 * 1024

const Scores = z.array(z.array(z.object({ label: z.string(), score: z.number() })))

export type JudgeOptions = { host: Pick<UpstreamCaller, 'call' | 'cancel'>; now: () => number }
/** One call of several for the same request: its name, what ends it. */
type Asking = { call: string; label: string; signal: AbortSignal; traceparent?: string | undefined }

/**
 * Asks a classifier for a request that is held. What it computed is charged; where nobody knows, all that it could.
 * @returns the score that each of the work's inputs has for the label
 * @throws Error where it does not answer, or scores something else
 */
export function createAskJudge({ host, now }: JudgeOptions) {
  return async function askJudge(
    held: Held,
    { model, path, task, request, worst }: Work,
    { call, label, signal, traceparent }: Asking,
  ): Promise<number[]> {
    const most = model.prices.compute_second === 0 ? 0 : JUDGE_MS
    const charge = (promptTokens: number, computeMs = most) =>
      held.chargeJudge(
        unitsOf(model.prices, { promptTokens, outputTokens: 0, computeMs: Math.min(computeMs, most) }),
        call,
      )
    charge(worst.promptTokens)
    const id = {
      requestId: `${held.requestId}.${call}`,
      account: held.account,
      model: model.id,
      of: model,
      version: versionOf(model, held.account),
      scope: scopeOf(task),
    }
    let said: unknown
    try {
      const answer = await host.call({
        ...id,
        path,
        request,
        reserved: worst,
        weight: held.weight,
        deadline: now() + JUDGE_MS,
        signal: AbortSignal.any([signal, AbortSignal.timeout(JUDGE_MS)]),
        traceparent,
      })
      const used = usageIn(answer.headers)?.prompt_tokens
      if (used !== undefined && used <= worst.promptTokens) charge(used, timingIn(answer.headers)?.compute_ms)
      said = parseJson(await readText(answer, MAX_ANSWER_BYTES))
    } catch (error) {
      if (computedNothing(error)) held.chargeJudge(0, call)
      // Nobody waits for the classifier any more, which may still compute.
      else void host.cancel(id)
      throw error
    }
    return scoresOf(said, label, inputsOf(request))
  }
}

const computedNothing = (error: unknown): boolean =>
  error instanceof NothingComputed || (error instanceof TwohopError && BEFORE_COMPUTE.has(error.code))

function inputsOf(request: object): number {
  return 'inputs' in request && Array.isArray(request.inputs) ? request.inputs.length : 0
}

/** @throws Error for an answer that does not score the label of each input */
function scoresOf(answer: unknown, label: string, inputs: number): number[] {
  const scored = Scores.parse(answer)
  const own = scored.flatMap((labels) => labels.find((one) => one.label === label)?.score ?? [])
  if (own.length !== inputs || scored.length !== inputs)
    throw new Error('the classifier does not score the label of each piece')
  return own
}
