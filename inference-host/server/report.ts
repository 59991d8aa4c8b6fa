import { errorResponse } from '../../shared/errors.ts'
import type { Timing } from '../../shared/timing.ts'
import { type GenerationUsage, generationUsage, type PromptUsage } from '../../shared/usage.ts'
import type { Log } from '../platform/log.ts'
import type { Run } from '../scheduler/run.ts'
import type { Report } from '../work/report.ts'
import { logUnforeseen } from './internal.ts'

export function usageOf({ promptTokens, outputTokens }: Report): GenerationUsage {
  return generationUsage(promptTokens, outputTokens)
}

export function timingOf({ queueMs, computeMs, cachedPromptTokens, firstTokenMs }: Report): Timing {
  return {
    queue_ms: queueMs,
    compute_ms: computeMs,
    ...(cachedPromptTokens !== undefined && { cached_prompt_tokens: cachedPromptTokens }),
    ...(firstTokenMs !== undefined && { first_token_ms: firstTokenMs }),
  }
}

/** The headers that say what an answer has cost. */
function costHeaders(report: Report): Record<string, string> {
  return { 'x-usage': JSON.stringify(usageOf(report)), 'x-timing': JSON.stringify(timingOf(report)) }
}

/** What of a run's prompt OpenAI's answers without output tell. */
export function promptUsageOf({ promptTokens }: Report): PromptUsage {
  return { prompt_tokens: promptTokens, total_tokens: promptTokens }
}

/** The parts of an answer: an admitted run, its request's id, and the place to report failures. */
export type Admitted = { run: Run; requestId: string; log: Log }

/** A whole answer: the JSON text that `json` makes of the run's output, or the run's error. */
export async function answerOf(admitted: Admitted, json: () => Promise<string>): Promise<Response> {
  try {
    return answer(await json(), admitted)
  } catch (error) {
    return failedAnswer(error, admitted)
  }
}

/** A whole answer of JSON text, with what it has cost in its headers. */
function answer(json: string, { requestId, run }: Admitted): Response {
  return new Response(json, {
    headers: {
      'content-type': 'application/json',
      'x-request-id': requestId,
      ...costHeaders(run.report()),
    },
  })
}

/** The answer to a request that was admitted and did not finish: the error, and what was computed all the same. */
export function failedAnswer(error: unknown, { requestId, run, log }: Admitted): Response {
  logUnforeseen(log, requestId, error)
  const response = errorResponse(error, requestId)
  for (const [name, value] of Object.entries(costHeaders(run.report()))) response.headers.set(name, value)
  return response
}
