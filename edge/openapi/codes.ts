import { ERRORS, type ErrorCode } from '../../shared/errors.ts'
import type { Route } from '../routes/table.ts'
import { messageStatus } from '../write/message-errors.ts'

const ALWAYS: readonly ErrorCode[] = ['origin_not_allowed', 'internal', 'not_configured']

const BODY: readonly ErrorCode[] = [
  'invalid_request',
  'body_timeout',
  'body_too_large',
  'unsupported_media_type',
]

/** Who asks, where a credential is needed. */
const CREDENTIAL: readonly ErrorCode[] = [
  ...(Object.keys(ERRORS) as ErrorCode[]).filter((code) => /^(token|key)_/.test(code)),
  'anonymous_not_allowed',
  'email_unverified',
  'account_suspended',
  'plan_unknown',
  'rate_limited',
  'keys_unavailable',
  'store_unavailable',
]

const REPEATED: readonly ErrorCode[] = [
  'idempotency_in_progress',
  'idempotency_key_reused',
  'idempotency_answer_gone',
]

/** What a model's answer may fail by. */
const COMPUTED: readonly ErrorCode[] = [
  'context_length_exceeded',
  'prompt_exceeds_reservation',
  'unsupported_audio',
  'app_check_required',
  'app_check_invalid',
  'content_blocked',
  'guard_unavailable',
  'model_not_allowed',
  'model_disabled',
  'model_not_found',
  'budget_exhausted',
  'budget_minute_exhausted',
  'project_budget_exhausted',
  'too_many_concurrent',
  'host_failed',
  'host_unavailable',
  'host_busy',
  'host_not_ready',
  'host_timeout',
]

/** The codes that a route may answer with, by their status. */
export function codesOf(route: Route, method: string): Map<number, ErrorCode[]> {
  const body = route.body !== undefined || route.tasks
  const own = route.scope !== 'none'
  const codes = new Set<ErrorCode>([
    ...ALWAYS,
    ...(body ? BODY : []),
    ...(route.query ? BODY.slice(0, 1) : []),
    ...(own ? CREDENTIAL : []),
    ...(own && route.scope !== 'any' ? (['scope_missing'] as const) : []),
    ...(own && method === 'POST' ? ([...REPEATED, 'challenge_required'] as const) : []),
    ...(route.tasks ? (['task_not_found'] as const) : []),
    ...(route.computes ? COMPUTED : []),
    ...(route.codes ?? []),
  ])
  return Map.groupBy(codes, (code) => (route.anthropic ? messageStatus(code) : ERRORS[code].status))
}
