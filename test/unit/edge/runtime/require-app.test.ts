import { afterAll, beforeAll, expect, it } from 'vitest'
import { createEdge } from '../../../../edge/runtime/edge.ts'
import { NotConfigured } from '../../../../edge/runtime/not-configured.ts'
import { createIssuer, type Issuer } from '../../../../local/issuer/issuer.ts'
import { EDGE_NEEDS } from '../../../fixtures/edge-variables.ts'

const ORIGIN = 'https://app.example'
let issuer: Issuer
let user: string

beforeAll(async () => {
  issuer = await createIssuer()
  user = await issuer.mintFirebase({ uid: 'u1', email: 'u1@example.com' })
})
afterAll(() => issuer.close())

const edgeWith = (variables: Record<string, string>) =>
  createEdge({ ...EDGE_NEEDS, ...issuer.environment, ALLOWED_ORIGINS: ORIGIN, ...variables }, () => {})
const projects = () => ({
  APP_CHECK_PROJECTS: issuer.appCheck.projectNumber,
  APP_CHECK_URL: issuer.appCheck.url,
})

/** The code with which a request is refused. Whoever passes the gate finds no store. */
async function codeOf(edge: ReturnType<typeof edgeWith>, path: string, headers: Record<string, string>) {
  const body = JSON.stringify({ model: 'twohop-chat', messages: [{ role: 'user', content: 'Hi' }] })
  const init = { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } }
  const answer = await edge.app.fetch(new Request(`https://edge.example${path}`, init), {
    background: () => {},
  })
  const { error } = (await answer.json()) as { error: { code: string } }
  return error.code
}

it('asks for the app where it is told to, of users who are known', async () => {
  const edge = edgeWith({ APP_CHECK: '/v1/chat/completions,/v1/tasks/:task', ...projects() })
  const authorization = `Bearer ${user}`
  const own = await issuer.mintAppCheck()
  for (const path of ['/v1/chat/completions', '/v1/chat/completions/', '/v1/tasks/summarization'])
    expect(await codeOf(edge, path, { authorization })).toBe('app_check_required')
  const chat = (headers: Record<string, string>) => codeOf(edge, '/v1/chat/completions', headers)
  expect(await chat({ authorization, 'x-firebase-appcheck': user })).toBe('app_check_invalid')
  expect(await chat({ authorization, 'x-firebase-appcheck': own })).toBe('store_unavailable')
  expect(await chat({ 'x-firebase-appcheck': own })).toBe('token_missing')
  expect(await chat({ authorization: `Bearer ${own}` })).toBe('token_issuer_unknown')
  // Not guarded: what it complains of is the body.
  expect(await codeOf(edge, '/v1/completions', { authorization })).toBe('invalid_request')
})

it('lets a page send the header', async () => {
  const edge = edgeWith({ APP_CHECK: 'required', ...projects() })
  const headers = {
    ...{ origin: ORIGIN, 'access-control-request-method': 'POST' },
    'access-control-request-headers': 'authorization,content-type,x-firebase-appcheck',
  }
  const request = new Request('https://edge.example/v1/chat/completions', { method: 'OPTIONS', headers })
  const answer = await edge.app.fetch(request, { background: () => {} })
  expect(answer.headers.get('access-control-allow-headers')).toContain('x-firebase-appcheck')
})

it.each<[Record<string, string>, RegExp]>([
  [{ APP_CHECK: 'required' }, /^APP_CHECK: needs APP_CHECK_PROJECTS/],
  [
    { APP_CHECK: 'required', APP_CHECK_PROJECTS: '123456789012', APP_CHECK_CONSUME: 'required' },
    /^APP_CHECK_CONSUME: needs FIREBASE_SERVICE_ACCOUNTS/,
  ],
  [{ APP_CHECK_CONSUME: '/v1/jobs' }, /^APP_CHECK_CONSUME: POST \/v1\/jobs is not among/],
  [{ APP_CHECK_PROJECTS: 'my-project' }, /^APP_CHECK_PROJECTS: is no project number/],
  [{ APP_CHECK: '/v1/usage' }, /^APP_CHECK: is neither off nor required/],
])('refuses %j', (variables, complaint) => {
  let thrown: unknown
  try {
    edgeWith(variables)
  } catch (error) {
    thrown = error
  }
  const complaints = thrown instanceof NotConfigured ? thrown.complaints.map(String) : []
  expect(complaints).toEqual(expect.arrayContaining([expect.stringMatching(complaint)]))
})
