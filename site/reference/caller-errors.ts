import type { ErrorWords } from './error-words.ts'

/** Refusals because of who asks, and from where. */
export const CALLER_ERRORS = {
  token_missing: { when: 'no `Authorization: Bearer` header', todo: 'sign in' },
  token_malformed: {
    when: 'it is no signed JWT',
    todo: 'send the ID token (Firebase) or access token (Supabase)',
  },
  token_algorithm_refused: {
    when: 'signed with an algorithm that this issuer does not use',
    todo: 'send the token that the sign-in itself gave',
  },
  token_issuer_unknown: {
    when: 'from a project that is not configured',
    todo: 'tell the operator, who names projects in `FIREBASE_PROJECT_IDS` and `SUPABASE_URLS`',
  },
  token_audience_wrong: {
    when: 'made for another audience',
    todo: 'send the token that the sign-in itself gave',
  },
  token_expired: { when: 'its time is over, or it was issued a year ago', todo: 'refresh it and try again' },
  token_not_yet_valid: {
    when: 'its time has not come',
    todo: 'check the clock of the machine that issued it',
  },
  token_key_unknown: { when: 'signed with a key that the issuer does not publish', todo: 'sign in again' },
  token_signature_invalid: { when: 'the signature does not fit', todo: 'sign in again' },
  token_claims_invalid: {
    when: 'a claim is missing or unreadable',
    todo: 'sign in again; if that changes nothing, tell the operator',
  },
  token_revoked: { when: 'issued before a suspension, or up to 5 s after it', todo: 'sign in again' },
  app_check_required: {
    when: "the route is for the operator's own app, and there is no header `X-Firebase-AppCheck`",
    todo: "send the app's App Check token",
  },
  app_check_invalid: {
    when: 'that token is of another app, has expired, was used before, or is none',
    todo: 'ask the SDK for a fresh one',
  },
  key_invalid: {
    when: 'there is no such API key: it is made up, mistyped, or long ended',
    todo: 'look whether it is whole, or make a new one',
  },
  key_revoked: { when: 'the API key was revoked', todo: 'make a new one' },
  key_expired: { when: "the API key's time is over", todo: 'make a new one' },
  anonymous_not_allowed: { when: 'anonymous users are refused here', todo: 'sign in with an account' },
  email_unverified: { when: 'the e-mail address is not proved', todo: 'confirm it, then sign in again' },
  account_suspended: { when: 'the owner has suspended the account', todo: 'ask the operator' },
  challenge_required: {
    when: 'the use of this token or key is unusual for it, and the plan asks for a new sign-in ([abuse.md](abuse.md))',
    todo: 'sign in again or refresh the token; with a key, wait',
  },
  plan_unknown: { when: "the account's plan is not in the catalog", todo: 'tell the operator' },
  origin_not_allowed: {
    when: 'the page, extension or app is not in `ALLOWED_ORIGINS`',
    todo: 'tell the operator',
  },
  scope_missing: {
    when: 'the plan or the credential does not include this kind of request',
    todo: 'take a key or a plan that has the scope ([keys.md](keys.md))',
  },
  account_not_administered: {
    when: 'the account is of an issuer whose accounts this administrator does not administer',
    todo: 'see `ADMINISTERS` in [configuration.md](configuration.md)',
  },
  too_many_keys: { when: 'the account has 50 working API keys', todo: 'revoke one that is not used' },
  model_not_allowed: { when: 'the plan does not include this model', todo: 'see `GET /v1/models`' },
  model_disabled: {
    when: 'the operator has switched this model off',
    todo: 'see `GET /v1/models`, or wait for the operator',
  },
} as const satisfies Record<string, ErrorWords>
