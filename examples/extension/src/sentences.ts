import type { ErrorCode, ReadError } from '@twohop/client'

type Sentence = string | ((error: ReadError) => string)

const SIGN_IN_AGAIN = 'Your sign-in is not valid any more. Please sign out and in again.'
const NOT_SET_UP = 'The service is not set up for this. Please tell whoever runs it.'
const OUT_OF_ORDER = 'The service has a problem just now. Please try again in a minute.'
const BUSY = (error: ReadError) => `Many people are asking just now. Please try again ${inAWhile(error)}.`
const NOT_ASKED_HERE = 'This extension asked for something that it should not. Please report it.'

/** What the user is told for each code of the edge (docs/errors.md of Twohop). */
export const SENTENCES: Readonly<Record<ErrorCode, Sentence>> = {
  invalid_request: ({ param }) => `The service did not understand the request${param ? ` (${param})` : ''}.`,
  context_length_exceeded: 'This text is too long for the model. Select a shorter part.',
  prompt_exceeds_reservation: NOT_SET_UP,

  token_missing: 'Please sign in first.',
  token_malformed: SIGN_IN_AGAIN,
  token_algorithm_refused: SIGN_IN_AGAIN,
  token_issuer_unknown: 'The service does not know where you signed in. Please tell whoever runs it.',
  token_audience_wrong: 'The service does not know where you signed in. Please tell whoever runs it.',
  token_expired: SIGN_IN_AGAIN,
  token_not_yet_valid: "Your sign-in is from the future. Is this computer's clock right?",
  token_key_unknown: SIGN_IN_AGAIN,
  token_signature_invalid: SIGN_IN_AGAIN,
  token_claims_invalid: SIGN_IN_AGAIN,
  token_revoked: SIGN_IN_AGAIN,
  app_check_required: NOT_SET_UP,
  app_check_invalid: 'The service does not take this app for the real one. Please update it, then try again.',
  key_invalid: SIGN_IN_AGAIN,
  key_revoked: SIGN_IN_AGAIN,
  key_expired: SIGN_IN_AGAIN,

  anonymous_not_allowed: 'Please sign in with an account of your own.',
  email_unverified: 'Please open the link in the e-mail that was sent to you, then try again.',
  account_suspended: 'This account has been suspended.',
  challenge_required: SIGN_IN_AGAIN,
  plan_unknown: 'Your plan is not known to the service. Please tell whoever runs it.',
  origin_not_allowed: 'The service does not know this extension. Its id must be in ALLOWED_ORIGINS.',
  scope_missing: 'Your plan does not include this.',
  account_not_administered: NOT_ASKED_HERE,
  too_many_keys: NOT_ASKED_HERE,
  content_blocked: 'The service does not let this text through.',
  model_disabled: 'This model is switched off for now. Try again later.',
  model_not_allowed: 'Your plan does not include the model for this.',
  budget_exhausted: (error) =>
    error.resetsAt
      ? `Your budget is used up: what is left is too little for this. It begins anew ${atTime(error.resetsAt)}.`
      : 'This is more than your budget allows at once. Select a shorter part.',

  idempotency_in_progress: 'The same request is under way already. Please wait a moment.',
  idempotency_key_reused: NOT_ASKED_HERE,
  idempotency_answer_gone: 'This was answered before. Please ask once more.',

  not_found: NOT_SET_UP,
  method_not_allowed: NOT_ASKED_HERE,
  model_not_found: 'The service has no model for this any more. Close this panel and open it again.',
  task_not_found: NOT_SET_UP,
  body_timeout: 'The text took too long to send. Is your connection slow? Please try again.',
  body_too_large: 'This text is too long. Select a shorter part.',
  job_too_large: 'This text is too long. Select a shorter part.',
  unsupported_audio: NOT_ASKED_HERE,
  unsupported_media_type: NOT_ASKED_HERE,

  rate_limited: (error) => `That was a lot of questions for one minute. Please go on ${inAWhile(error)}.`,
  budget_minute_exhausted: (error) =>
    `You have used up this minute's budget. Please go on ${inAWhile(error)}.`,
  too_many_concurrent: 'Your earlier questions are still being answered. Please wait for one of them.',
  too_many_jobs: 'Your earlier requests are still being answered. Please wait for one of them.',
  job_storage_full: 'Your earlier results take up all the room. Please try again later.',

  cancelled: 'The question was withdrawn before it was answered.',
  internal: OUT_OF_ORDER,
  host_failed: 'The model broke off. Please try again.',
  project_budget_exhausted: (error) =>
    `The whole service has used up its budget; yours is not used up. It begins anew ${error.resetsAt ? atTime(error.resetsAt) : 'later'}.`,
  not_configured: NOT_SET_UP,
  store_unavailable: OUT_OF_ORDER,
  ledger_unavailable: OUT_OF_ORDER,
  guard_unavailable: OUT_OF_ORDER,
  job_store_full: OUT_OF_ORDER,
  jobs_not_served: OUT_OF_ORDER,
  keys_unavailable: OUT_OF_ORDER,
  host_unavailable: OUT_OF_ORDER,
  host_busy: BUSY,
  host_not_ready: 'The model is being loaded. Please try again in a minute.',
  host_timeout: 'The answer took too long. Select a shorter part, or try again.',
}

/** The sentence for an error. An edge that is newer than this extension may have codes that it does not know. */
export function sentenceFor(error: ReadError): string {
  const { code, message } = error
  const sentence = Object.hasOwn(SENTENCES, code) ? SENTENCES[code as ErrorCode] : message
  return typeof sentence === 'function' ? sentence(error) : sentence
}

function inAWhile({ retryAfterSeconds: seconds }: ReadError): string {
  if (seconds === undefined) return 'in a minute'
  return seconds < 90
    ? `in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}`
    : `in ${Math.ceil(seconds / 60)} minutes`
}

/** Such as "on Monday, 1 December, 01:00", in the user's own time. */
function atTime(date: Date): string {
  const form = new Intl.DateTimeFormat('en', {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  return `on ${form.format(date)}`
}
