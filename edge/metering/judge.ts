import * as z from 'zod'
import { type Guards, scopeOf } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { NO_SPAN } from '../../shared/tracing/port.ts'
import { unitsOf } from '../../shared/units.ts'
import { contentBlocked, type Finding } from '../guard/policy.ts'
import { JUDGE_MS } from '../parse/judged.ts'
import { readText } from '../upstream/bounded.ts'
import { BEFORE_COMPUTE, type Host } from '../upstream/port.ts'
import { timingIn } from '../upstream/timing-in.ts'
import { versionOf } from '../upstream/version.ts'
import type { Held } from './hold.ts'

/** The most bytes of its answer: 2,048 pieces with two labels each. */
const MAX_ANSWER_BYTES = 1024 * 1024

const RULE = 'injection'

const Scores = z.array(z.array(z.object({ label: z.string(), score: z.number() })))
const Usage = z.object({ prompt_tokens: z.int().min(0) })

type Options = { host: Pick<Host, 'call' | 'cancel'>; now: () => number }

/**
 * Has a classifier judge a held request, if its plan wants that. What that costs is charged within the reservation.
 * @throws TwohopError content_blocked, or guard_unavailable where the classifier does not answer and the plan does not let the
 * request pass then; the request is settled
 */
export function createJudge({ host, now }: Options) {
  return async function judge(
    held: Held,
    client: AbortSignal,
    tell: (finding: Finding) => void,
    span = NO_SPAN,
  ): Promise<void> {
    const { judged } = held.work
    if (!judged) return
    const { guard } = judged
    let score: number
    try {
      score = scoreOf(
        await ask(held, judged.work, client, span.traceparent),
        guard,
        piecesOf(judged.work.request),
      )
    } catch (cause) {
      if (guard.on_failure === 'pass' && !client.aborted) return
      held.settle('failed', undefined)
      throw new TwohopError(
        'guard_unavailable',
        'The request could not be judged right now; try again shortly.',
        {
          retryAfterMs: 2000,
          cause,
        },
      )
    }
    if (score < guard.threshold) return
    const blocked = guard.in === 'block'
    tell({ way: 'in', rule: RULE, blocked })
    if (!blocked) return
    held.settle('refused', undefined)
    throw contentBlocked('text', RULE)
  }

  /** The classifier's answer. What it computed is charged; where nobody knows, all that it could. */
  async function ask(
    held: Held,
    { model, path, task, request, worst }: Held['work'],
    client: AbortSignal,
    traceparent: string | undefined,
  ) {
    const most = model.prices.compute_second === 0 ? 0 : JUDGE_MS
    const charge = (promptTokens: number, computeMs = most) =>
      held.chargeJudge(
        unitsOf(model.prices, { promptTokens, outputTokens: 0, computeMs: Math.min(computeMs, most) }),
      )
    charge(worst.promptTokens)
    const id = {
      requestId: `${held.requestId}.guard`,
      account: held.account,
      model: model.id,
      of: model,
      version: versionOf(model, held.account),
      scope: scopeOf(task),
    }
    try {
      const answer = await host.call({
        ...id,
        path,
        request,
        reserved: worst,
        weight: held.weight,
        deadline: now() + JUDGE_MS,
        signal: AbortSignal.any([client, AbortSignal.timeout(JUDGE_MS)]),
        traceparent,
      })
      const used = Usage.safeParse(parseJson(answer.headers.get('x-usage') ?? '')).data?.prompt_tokens
      if (used !== undefined && used <= worst.promptTokens) charge(used, timingIn(answer.headers)?.compute_ms)
      return parseJson(await readText(answer, MAX_ANSWER_BYTES))
    } catch (error) {
      if (error instanceof TwohopError && BEFORE_COMPUTE.has(error.code)) held.chargeJudge(0)
      // Nobody waits for the classifier any more, which may still compute.
      else void host.cancel(id)
      throw error
    }
  }
}

function piecesOf(request: object): number {
  return 'inputs' in request && Array.isArray(request.inputs) ? request.inputs.length : 0
}

/** The highest score that a piece of the request has. @throws Error for an answer that does not score the label of each piece */
function scoreOf(answer: unknown, { label }: NonNullable<Guards['injection']>, pieces: number): number {
  const scored = Scores.parse(answer)
  const own = scored.flatMap((labels) => labels.find((one) => one.label === label)?.score ?? [])
  if (own.length !== pieces || scored.length !== pieces)
    throw new Error('the classifier does not score the label of each piece')
  return Math.max(...own)
}
