import type { Context } from 'hono'
import type { Model } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import type { Caller } from '../access/caller.ts'
import { type Entitlement, payerOf } from '../access/entitlement.ts'
import type { CountRead } from '../access/read-rate.ts'
import { policyOf } from '../guard/policy.ts'
import { masking } from '../guard/request.ts'
import type { Credential } from '../identity/principal.ts'
import { createDeadline, timedOut } from '../metering/deadline.ts'
import { parseCountTokens } from '../parse/anthropic-messages.ts'
import { boundBesideImages, chatBody } from '../parse/chat-body.ts'
import type { Host } from '../upstream/port.ts'
import { versionOf } from '../upstream/version.ts'
import type { Env } from './env.ts'

type Options = {
  authenticate: (c: Context<Env>) => Promise<Credential>
  identify: (credential: Credential) => Promise<Caller>
  entitle: (credential: Credential, plan: string) => Entitlement
  countRead: CountRead
  host: Pick<Host, 'countTokens'>
  /** Whether a foreign upstream may get what is asked of a model. */
  leaves: (model: Model) => boolean
  now: () => number
  requestTimeoutMs: number
  bodyLimitBytes: number
}

/**
 * `POST /v1/messages/count_tokens`: how many tokens the host makes of a prompt. Nothing is computed, so nothing is reserved
 * or charged. The rate of reads bounds it, and the host lets an account wait with so many at a time.
 */
export function countTokens(options: Options) {
  const { authenticate, identify, entitle, countRead, host, leaves, now, requestTimeoutMs, bodyLimitBytes } =
    options

  return async function answerCount(c: Context<Env>): Promise<Response> {
    const credential = await authenticate(c)
    countRead(payerOf(credential))
    const caller = await identify(credential)
    c.set('account', caller.account)
    const entitlement = entitle(credential, caller.plan.id)
    entitlement.requireScope('chat')
    // An API key's scopes are in its record.
    if (!caller.scopes.has('chat'))
      throw new TwohopError('scope_missing', 'This credential does not have the scope chat.')
    const { json, length } = await chatBody(c, bodyLimitBytes)
    const asked = parseCountTokens(json, entitlement)
    const { model, request, worst } = boundBesideImages(asked, length, bodyLimitBytes)
    const policy = policyOf(caller.plan)
    const masked = masking({ model, request, worst }, { policy, leaves: leaves(model), tell: () => {} })
    const version = versionOf(model, caller.account)
    c.set('version', version)
    const { signal, clear } = createDeadline(c.req.raw.signal, requestTimeoutMs)
    try {
      const tokens = await c.get('timings').time('host', (own) =>
        host.countTokens({
          requestId: c.get('requestId'),
          account: caller.account,
          model: model.id,
          of: model,
          version,
          request,
          ...(masked && { masked: masked.request }),
          promptTokens: (masked ?? asked).worst.promptTokens,
          weight: caller.plan.weight,
          deadline: now() + requestTimeoutMs,
          signal,
          traceparent: own.traceparent,
        }),
      )
      return c.json({ input_tokens: tokens })
    } catch (error) {
      throw timedOut(error)
        ? new TwohopError('host_timeout', 'The model did not count in time.', { cause: error })
        : error
    } finally {
      clear()
    }
  }
}
