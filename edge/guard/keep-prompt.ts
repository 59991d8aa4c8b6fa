import type { Log } from '../log/port.ts'
import type { PromptStore } from '../log/prompts.ts'
import { redacted } from './redact.ts'

/** The most characters of a prompt that are kept. */
export const MOST_PROMPT_CHARS = 8192

/** A request that is reserved. */
export type Prompted = {
  requestId: string
  account: string
  plan: string
  version: string | undefined
  work: { model: { id: string }; task: string; request: object }
}

/** Keeps what was asked, without what the guards find in it. Never rejects: a request does not depend on it. */
export type KeepPrompt = (prompted: Prompted) => Promise<void>

export function createKeepPrompt({ store, log }: { store: Pick<PromptStore, 'keep'>; log: Log }): KeepPrompt {
  return async function keepPrompt({ requestId, account, plan, version, work: { model, task, request } }) {
    try {
      // It is cut when it is clean: half of a secret is no find.
      const prompt = redacted(request)
      const cut = prompt.length > MOST_PROMPT_CHARS
      await store.keep({
        request_id: requestId,
        account,
        plan,
        model: model.id,
        version,
        task,
        prompt: prompt.slice(0, MOST_PROMPT_CHARS),
        ...(cut && { cut }),
      })
    } catch (error) {
      await log('warn', 'prompt_not_kept', { requestId, account, error })
    }
  }
}
