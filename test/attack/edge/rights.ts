import { CLASSIFY, EMBED, mint } from '../../fixtures/stack/client.ts'
import type { Attack, World } from './world.ts'
import { CHAT_PATH, HELLO } from './world.ts'

type Send = Attack['send']
const forbidden = (what: string, code: Attack['code'], send: Send): Attack => ({
  what,
  code,
  status: 403,
  send,
})
const missing = (what: string, code: Attack['code'], send: Send): Attack => ({
  what,
  code,
  status: 404,
  send,
})

const account = ({ victimAccount }: World) => `/v1/admin/accounts/${encodeURIComponent(victimAccount)}`
const ADMIN: readonly [string, (world: World) => string, object?][] = [
  ['lists accounts', () => '/v1/admin/accounts'],
  ['reads an account', account],
  ['reads its usage', (world) => `${account(world)}/usage`],
  ['suspends it', (world) => `${account(world)}/suspend`, { reason: 'x' }],
  ['restores it', (world) => `${account(world)}/restore`, { reason: 'x' }],
  ['sets its plan', (world) => `${account(world)}/plan`, { plan: 'pro' }],
  ['grants itself units', (world) => `${account(world)}/grant`, { units: 1e9 }],
  ['reads the audit', () => '/v1/admin/audit'],
]

/** A user who acts as an administrator. */
export const ADMINISTRATION: readonly Attack[] = [
  ...ADMIN.map(([what, path, body]) =>
    forbidden(`a user ${what}`, 'scope_missing', (world) => ({
      path: path(world),
      token: world.eve,
      body,
    })),
  ),
  ...ADMIN.map(([what, path, body]) =>
    forbidden(`who wrote "admin" into user_metadata ${what}`, 'scope_missing', async (world) => ({
      path: path(world),
      token: await mint.mintSupabase({
        id: crypto.randomUUID(),
        email: 'eve@example.com',
        userMetadata: { twohop: { role: 'admin' }, role: 'admin', roles: ['admin'] },
      }),
      body,
    })),
  ),
  forbidden('a role beside the object of claims', 'scope_missing', async ({ newToken }) => ({
    path: '/v1/admin/accounts',
    token: await newToken('roomy', { scopes: ['chat'], role: 'developer' }),
  })),
  forbidden("an API key's holder", 'scope_missing', ({ key }) => ({
    path: '/v1/admin/accounts',
    token: key.key,
  })),
]

const SCOPED: readonly [string, object][] = [
  [CHAT_PATH, HELLO],
  ['/v1/responses', { model: HELLO.model, input: 'x' }],
  ['/v1/messages', { ...HELLO }],
  ['/v1/messages/count_tokens', { model: HELLO.model, messages: HELLO.messages }],
  ['/v1/completions', { model: HELLO.model, prompt: 'x' }],
  ['/v1/rerank', { model: EMBED, query: 'x', documents: ['x'] }],
  ['/v1/tasks/text-classification', { inputs: 'x' }],
  ['/v1/tasks/text-generation/v1/chat/completions', HELLO],
  ['/v1/jobs', { endpoint: CHAT_PATH, body: HELLO }],
  ['/v1/keys', { name: 'x', scopes: ['chat'] }],
]

/** More than a plan, a token or a key gives. */
export const BEYOND: readonly Attack[] = [
  ...SCOPED.map(([path, body]) =>
    forbidden(`a token of the scope embed asks ${path}`, 'scope_missing', async ({ newToken }) => ({
      path,
      body,
      token: await newToken('roomy', { scopes: ['embed'] }),
    })),
  ),
  ...SCOPED.slice(0, 5).map(([path, body]) =>
    forbidden(`a key of the scope embed asks ${path}`, 'scope_missing', ({ key }) => ({
      path,
      body,
      token: key.key,
    })),
  ),
  forbidden('a key that has more scopes than its maker', 'scope_missing', async ({ newToken }) => ({
    path: '/v1/keys',
    token: await newToken('roomy', { role: 'developer', scopes: ['embed', 'keys'] }),
    body: { name: 'x', scopes: ['chat'] },
  })),
  forbidden('jobs of a plan without', 'scope_missing', async ({ newToken }) => ({
    path: '/v1/jobs',
    token: await newToken('no-jobs'),
    body: { endpoint: CHAT_PATH, body: HELLO },
  })),
  forbidden('a model that the plan lacks', 'model_not_allowed', async ({ newToken }) => ({
    path: '/v1/embeddings',
    token: await newToken('few-models'),
    body: { model: EMBED, input: 'x' },
  })),
  forbidden('a request that no budget holds', 'budget_exhausted', async ({ newToken }) => ({
    token: await newToken('poor'),
    body: { ...HELLO, max_tokens: 512 },
  })),
  ...[CLASSIFY, 'gpt-9', '__proto__', 'constructor', '../twohop-chat', 'x'.repeat(190), ' twohop-chat'].map(
    (model) =>
      missing(`the model "${model.slice(0, 20)}"`, 'model_not_found', ({ eve }) => ({
        token: eve,
        body: { ...HELLO, model },
      })),
  ),
]

/** What belongs to somebody else. */
export const OTHERS: readonly Attack[] = [
  missing('their job', 'not_found', ({ eve, job }) => ({ path: `/v1/jobs/${job}`, token: eve })),
  missing('how far it is', 'not_found', ({ eve, job }) => ({ path: `/v1/jobs/${job}/events`, token: eve })),
  missing('its end', 'not_found', ({ eve, job }) => ({
    path: `/v1/jobs/${job}`,
    token: eve,
    method: 'DELETE',
  })),
  missing("a name that is a pattern of Redis's", 'not_found', ({ eve }) => ({
    path: '/v1/jobs/*',
    token: eve,
  })),
  missing('a name that goes on as another key', 'not_found', ({ eve, job }) => ({
    path: `/v1/jobs/${encodeURIComponent(`${job}:inputs`)}`,
    token: eve,
  })),
  missing('the end of their API key', 'not_found', async ({ newToken, key }) => ({
    path: `/v1/keys/${key.id}`,
    token: await newToken('roomy', { role: 'developer' }),
    method: 'DELETE',
  })),
  missing('the report of a key by its id', 'not_found', ({ key }) => ({
    path: '/v1/keys/leaked',
    body: { key: key.id },
  })),
  missing('a model by their account', 'model_not_found', ({ eve, victimAccount }) => ({
    path: `/v1/models/${encodeURIComponent(victimAccount)}`,
    token: eve,
  })),
]
