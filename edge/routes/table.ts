import type { ErrorCode } from '../../shared/errors.ts'

/** A route: who may ask, what is sent and what is answered. The router and `GET /openapi.json` are made of the table. */
export type Route = {
  says: string
  /** The scope that a credential needs, or `any` for every credential, or `none` for a route that asks for none. */
  scope: string
  /** The name of the schema that reads the body (edge/openapi/schemas.ts). */
  body?: string
  /** Whether the body is a form. */
  form?: true
  /** Whether the last part of the path is a task of the hub, which decides what the body is. */
  tasks?: true
  query?: string
  /** 200 where it is missing. */
  status?: number
  answer: string
  /** Whether the answer is a stream of events: always, or where the body asks for it. */
  events?: 'always' | 'asked'
  /** Whether it refuses in the form of Anthropic's API. */
  anthropic?: true
  /** What the answer is where it is a text of another kind than JSON. */
  as?: 'text/html' | 'text/plain' | 'text/javascript' | 'text/css'
  /** Whether a model computes the answer, under a reservation. */
  computes?: true
  /** What the route refuses with beside what all of its kind do (edge/openapi/codes.ts). */
  codes?: readonly ErrorCode[]
}

// A name that is no account's is refused with 400.
const ACCOUNT = { scope: 'admin', codes: ['account_not_administered', 'invalid_request'] } as const
const ACT = { ...ACCOUNT, answer: 'AccountAnswer' } as const
const FILE = { scope: 'none', answer: 'Anything', codes: ['not_found'] } as const
const MINE = { scope: 'jobs', codes: ['not_found'] } as const

/** Every route of the edge, by method and path, with Hono's words for the variable parts of a path. */
export const ROUTES = {
  'POST /v1/chat/completions': {
    says: 'Answers a chat, whole or streamed.',
    scope: 'chat',
    body: 'ChatRequest',
    answer: 'ChatAnswer',
    events: 'asked',
    computes: true,
  },
  'POST /v1/responses': {
    says: "Answers a chat in the form of OpenAI's newer API, whole or streamed.",
    scope: 'chat',
    body: 'ResponsesRequest',
    answer: 'ResponseAnswer',
    events: 'asked',
    computes: true,
  },
  'POST /v1/messages': {
    says: "Answers a chat in the form of Anthropic's API, whole or streamed.",
    scope: 'chat',
    body: 'MessagesRequest',
    answer: 'MessagesAnswer',
    events: 'asked',
    computes: true,
    anthropic: true,
  },
  'POST /v1/messages/count_tokens': {
    says: 'How many tokens the model makes of a prompt. Nothing is charged.',
    scope: 'chat',
    body: 'CountTokensRequest',
    answer: 'TokenCount',
    // What its prompt and its host may be refused for. There is no reservation.
    codes: [
      'app_check_required',
      'app_check_invalid',
      'context_length_exceeded',
      'model_not_allowed',
      'model_disabled',
      'model_not_found',
      'host_failed',
      'host_unavailable',
      'host_busy',
      'host_not_ready',
      'host_timeout',
    ],
    anthropic: true,
  },
  'POST /v1/completions': {
    says: 'Continues a text, whole or streamed.',
    scope: 'chat',
    body: 'CompletionRequest',
    answer: 'CompletionAnswer',
    events: 'asked',
    computes: true,
  },
  'POST /v1/embeddings': {
    says: 'Makes vectors of texts.',
    scope: 'embed',
    body: 'EmbeddingRequest',
    answer: 'EmbeddingAnswer',
    computes: true,
  },
  'POST /v1/rerank': {
    says: 'Orders documents by how well they answer a query.',
    scope: 'tasks:text-ranking',
    body: 'RerankRequest',
    answer: 'RerankAnswer',
    computes: true,
  },
  'POST /v1/audio/transcriptions': {
    says: 'Writes down what is said in a recording.',
    scope: 'tasks:automatic-speech-recognition',
    form: true,
    body: 'TranscriptionRequest',
    answer: 'TranscriptionAnswer',
    computes: true,
  },
  // What @huggingface/inference adds to the URL that it is given for text.
  'POST /v1/tasks/text-generation/v1/completions': {
    says: "Continues a text, asked in the words of the hub's client.",
    scope: 'chat',
    body: 'HubFields',
    answer: 'CompletionAnswer',
    events: 'asked',
    computes: true,
  },
  'POST /v1/tasks/text-generation/v1/chat/completions': {
    says: "Answers a chat, asked at the address of the hub's client.",
    scope: 'chat',
    body: 'ChatRequest',
    answer: 'ChatAnswer',
    events: 'asked',
    computes: true,
  },
  'POST /v1/tasks/:task': {
    says: 'Does a task of the hub.',
    scope: 'tasks:<task>',
    tasks: true,
    answer: 'TaskAnswer',
    computes: true,
  },
  'GET /v1/models': {
    says: "The models of the caller's plan.",
    scope: 'any',
    answer: 'ModelList',
  },
  // Ids as on the hub have a slash, and not every client encodes it.
  'GET /v1/models/:id{.+}': {
    says: 'One of these models.',
    scope: 'any',
    answer: 'ModelAnswer',
    codes: ['model_not_found'],
  },
  'GET /v1/me': {
    says: 'Who the caller is: the account, its plan, and the scopes that the credential has.',
    scope: 'any',
    answer: 'CallerAnswer',
  },
  'GET /v1/usage': {
    says: "The caller's counters and limits.",
    scope: 'any',
    answer: 'UsageAnswer',
  },
  'GET /v1/usage/history': {
    says: "The account's sums by UTC day, model and task.",
    scope: 'any',
    query: 'Days',
    answer: 'UsageHistory',
  },
  'GET /v1/usage/requests': {
    says: "The account's latest requests, without what was asked and answered.",
    scope: 'any',
    query: 'Latest',
    answer: 'RequestList',
  },
  'GET /v1/usage/months': {
    says: "The account's sums by UTC month and model, from the ledger.",
    scope: 'any',
    query: 'Months',
    answer: 'UsageMonths',
    codes: ['not_found', 'ledger_unavailable'],
  },
  'POST /v1/feedback': {
    says: 'What the caller says of one of its answers. Who made a request is looked up later, so every id is answered alike.',
    scope: 'any',
    body: 'FeedbackRequest',
    status: 202,
    answer: 'FeedbackAnswer',
  },
  'POST /v1/jobs': {
    says: 'Takes in requests that are done later, under one reservation.',
    scope: 'jobs',
    body: 'JobRequest',
    status: 202,
    answer: 'JobAnswer',
    computes: true,
    codes: [
      'too_many_jobs',
      'job_storage_full',
      'job_store_full',
      'jobs_not_served',
      'job_too_large',
      'not_found',
    ],
  },
  'GET /v1/jobs': { says: "The account's open jobs.", scope: 'jobs', answer: 'JobList' },
  'GET /v1/jobs/:id': { says: 'A job and its results.', ...MINE, query: 'Page', answer: 'JobPage' },
  'GET /v1/jobs/:id/events': {
    says: 'How far a job is, as events, until it has ended.',
    ...MINE,
    answer: 'JobAnswer',
    events: 'always',
  },
  'DELETE /v1/jobs/:id': { says: 'Cancels a job.', ...MINE, status: 202, answer: 'JobAnswer' },
  'POST /v1/keys': {
    says: 'Makes an API key. The answer alone has its secret.',
    scope: 'keys',
    body: 'NewKey',
    status: 201,
    answer: 'NewKeyAnswer',
    codes: ['too_many_keys'],
  },
  'GET /v1/keys': { says: "The account's API keys.", scope: 'keys', answer: 'KeyList' },
  'DELETE /v1/keys/:id': {
    says: 'Revokes an API key.',
    scope: 'keys',
    answer: 'EndedKey',
    codes: ['not_found', 'challenge_required'],
  },
  'POST /v1/keys/leaked': {
    says: 'Reports a leaked key, which ends it.',
    scope: 'none',
    body: 'Leaked',
    answer: 'EndedKey',
    codes: ['not_found', 'rate_limited', 'store_unavailable'],
  },
  'GET /v1/admin/accounts': {
    says: 'The accounts that have a record.',
    scope: 'admin',
    query: 'AccountList',
    answer: 'AccountPage',
  },
  'GET /v1/admin/accounts/:account': { says: 'An account.', ...ACT },
  'GET /v1/admin/accounts/:account/usage': {
    says: "An account's counters.",
    ...ACCOUNT,
    answer: 'AccountUsage',
  },
  'POST /v1/admin/accounts/:account/suspend': {
    says: 'Suspends an account, from its next request on.',
    ...ACT,
    body: 'Plain',
  },
  'POST /v1/admin/accounts/:account/restore': { says: 'Ends a suspension.', ...ACT, body: 'Plain' },
  'POST /v1/admin/accounts/:account/plan': {
    says: 'Sets the plan of an account.',
    ...ACT,
    body: 'PlanChange',
  },
  'POST /v1/admin/accounts/:account/grant': {
    says: 'Grants units beyond the budget.',
    ...ACT,
    body: 'Grant',
  },
  'GET /v1/admin/audit': {
    says: 'The log of administration, the latest first.',
    scope: 'admin',
    query: 'AuditList',
    answer: 'AuditPage',
  },
  'GET /v1/admin/stats': {
    says: 'Sums of all accounts by UTC day, with times, errors and top accounts.',
    scope: 'admin',
    query: 'Days',
    answer: 'Stats',
  },
  'GET /v1/admin/months': {
    says: 'Sums of all accounts, or of one, by UTC month and model, from the ledger.',
    scope: 'admin',
    query: 'AnyMonths',
    answer: 'AnyUsageMonths',
    codes: ['not_found', 'account_not_administered', 'ledger_unavailable'],
  },
  'GET /v1/admin/cost': {
    says: 'What all accounts have used this UTC month, beside what it was said to cost.',
    scope: 'admin',
    answer: 'Cost',
  },
  'GET /v1/admin/hosts': {
    says: 'What the hosts do right now, by model. It starts a host that was scaled to zero.',
    scope: 'admin',
    answer: 'HostList',
  },
  'GET /v1/admin/anomalies': {
    says: 'Credentials that were found to be used unusually, the latest first.',
    scope: 'admin',
    answer: 'AnomalyList',
  },
  'GET /openapi.json': { says: 'This document.', scope: 'none', answer: 'Anything' },
  'GET /docs': { says: 'A page for people.', scope: 'none', answer: 'Anything', as: 'text/html' },
  'GET /metrics': {
    says: 'What the whole deployment has counted, in the text format of Prometheus.',
    scope: 'metrics',
    answer: 'Anything',
    as: 'text/plain',
    codes: ['not_found'],
  },
  'GET /dashboard': {
    says: 'The dashboard, a page for users and administrators.',
    scope: 'none',
    answer: 'Anything',
    as: 'text/html',
    codes: ['not_found'],
  },
  'GET /dashboard/app.js': { says: 'Its script.', ...FILE, as: 'text/javascript' },
  'GET /dashboard/app.css': { says: 'Its style.', ...FILE, as: 'text/css' },
  'GET /dashboard/sign-in.json': {
    says: 'Where the page signs users in.',
    scope: 'none',
    answer: 'SignInCalls',
  },
  'GET /healthz': { says: 'Whether the edge is up.', scope: 'none', answer: 'Health' },
} as const satisfies Record<`${'GET' | 'POST' | 'DELETE'} /${string}`, Route>

export type RouteName = keyof typeof ROUTES
export const ROUTE_NAMES = Object.keys(ROUTES) as RouteName[]
