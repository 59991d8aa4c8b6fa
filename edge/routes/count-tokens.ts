import type { Context } from 'hono'
import type { Model } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import type { Caller } from '../access/caller.ts'
import { type Entitlement, payerOf } from '../access/entitlement.ts'
import type { CountRead } from '../access/read-rate.ts'
import { policyOf } from '../guard/policy.ts'
import { checkRequest, masking } from '../guard/request.ts'
import type { Credential } from '../identity/principal.ts'
import type { Log } from '../log/port.ts'
import { createDeadline, timedOut } from '../metering/deadline.ts'
import { parseCountTokens } from '../parse/anthropic-messages.ts'
import { boundBesideImages, chatBody } from '../parse/chat-body.ts'
import { atVersion, VERSION_HEADER } from '../parse/version.ts'
import type { UpstreamCaller } from '../upstream/port.ts'
import { versionOf } from '../upstream/version.ts'
import { withFieldsOf } from '../write/form.ts'
import { messageFieldOf } from '../write/messages.ts'
import type { Env } from './env.ts'
import { findingsTo } from './findings.ts'

type Options = {
  authenticate: (c: Context<Env>) => Promise<Credential>
  identify: (credential: Credential) => Promise<Caller>
  entitle: (credential: Credential, plan: string) => Entitlement
  countRead: CountRead
  host: Pick<UpstreamCaller, 'countTokens'>
  log: Log
  /** Whether a foreign upstream may get what is asked of a model. */
  leaves: (model: Model) => boolean
  now: () => number
  requestTimeoutMs: number
  bodyLimitBytes: number
}

/**
 * `POST /v1/messages/count_tokens`: how many tokens the host makes of a prompt. Nothing is computed, so nothing is reserved
 * or charged. The rate of reads bounds it, and the host bounds how many of an account may wait at a time. Its texts leave
 * the edge, so the plan's guards look through them. No classifier judges them.
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
    // An API key's scopes are in its record.
    function requireScope(scope: 'chat' | 'versions'): void {
      entitlement.requireScope(scope)
      if (!caller.scopes.has(scope))
        throw new TwohopError('scope_missing', `This credential does not have the scope ${scope}.`)
    }
    requireScope('chat')
    const { json, length } = await chatBody(c, bodyLimitBytes)
    const parsed = parseCountTokens(json, entitlement)
    const at = atVersion(boundBesideImages(parsed, length, bodyLimitBytes), c.req.header(VERSION_HEADER), {
      requireScope,
    })
    const { model, request, version = versionOf(model, caller.account) } = at
    const policy = policyOf(caller.plan)
    const tell = findingsTo(options.log, c)
    const masked = withFieldsOf(messageFieldOf, () => {
      if (policy) checkRequest(request, policy, tell)
      return masking(at, { policy, leaves: leaves(model), tell })
    })
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
          request: masked && policy?.masksAll ? masked.request : request,
          ...(masked && { masked: masked.request }),
          promptTokens: (masked ?? at).worst.promptTokens,
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
