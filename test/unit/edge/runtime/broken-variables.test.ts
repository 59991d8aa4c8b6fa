import { expect, it } from 'vitest'
import { settingsFindings } from '../../../../cli/doctor/settings-findings.ts'
import { edgeConfig } from '../../../../edge/runtime/config.ts'
import { FIREBASE_VARIABLES } from '../../../../edge/runtime/firebase-variables.ts'
import { refuseEmulators } from '../../../../edge/runtime/node-emulators.ts'
import { NODE_VARIABLES } from '../../../../edge/runtime/node-variables.ts'
import { createUnconfigured, NotConfigured } from '../../../../edge/runtime/not-configured.ts'
import { readVariables, type Variables } from '../../../../edge/runtime/read-variables.ts'
import { SUPABASE_VARIABLES } from '../../../../edge/runtime/supabase-variables.ts'
import { EDGE_VARIABLES } from '../../../../edge/runtime/variables.ts'
import { brokenValues } from '../../../fixtures/broken-variables.ts'
import { EDGE_VARIABLES_SET } from '../../../fixtures/edge-variables.ts'

// Somebody may put a secret into any variable, at any place of it. Whatever is complained of then shows none of it.

const SECRET = 'c4n4ry-s3cret'

/** Values that are right by themselves, and wrong beside others. */
const BESIDE: Readonly<Record<string, Variables>> = {
  ANONYMOUS_PLAN: { UNVERIFIED_EMAIL_PLAN: SECRET },
  FIREBASE_JWKS_URL: { SUPABASE_URLS: `https://abc.supabase.co/${SECRET}` },
  WEBHOOK_URL: { WEBHOOK_URL: `https://hook.example/${SECRET}`, WEBHOOK_SECRET: '' },
  LEDGER_SUPABASE_URL: { LEDGER_SUPABASE_URL: `https://abc.supabase.co/${SECRET}` },
}

/** The complaints about an edge with these variables. Two more are missing, so that there always is a line. */
function complaintsOf(changed: Variables): NotConfigured {
  try {
    edgeConfig({ ...EDGE_VARIABLES_SET, HOST_URL: '', API_KEY_SECRETS: '', ...changed })
  } catch (error) {
    if (error instanceof NotConfigured) return error
  }
  return expect.fail('it is configured')
}

/** All that is said of it: in the log, to whoever asks, and by `twohop doctor`. */
async function said(changed: Variables): Promise<string[]> {
  const lines: string[] = []
  const thrown = complaintsOf(changed)
  const { app } = createUnconfigured(thrown, (line) => lines.push(line))
  const answer = app.fetch(new Request('https://edge.example/v1/models'))
  const findings = settingsFindings({ ...EDGE_VARIABLES_SET, ...changed })
  return [thrown.message, ...lines, await answer.text(), JSON.stringify(findings)]
}

/** Those that take any text, so that none is wrong. */
const ANY_TEXT = ['LEDGER_SUPABASE_KEY', 'UPSTASH_REDIS_REST_TOKEN']

it.each(Object.keys(EDGE_VARIABLES))('%s, broken, shows nothing of what stands in it', async (name) => {
  let complaints = 0
  for (const value of brokenValues(name, SECRET)) {
    const changed = { ...BESIDE[name], [name]: value }
    for (const text of await said(changed)) expect(text.toLowerCase(), value).not.toContain(SECRET)
    complaints += complaintsOf(changed).variables.filter((wrong) => wrong === name).length
  }
  if (!ANY_TEXT.includes(name)) expect(complaints).toBeGreaterThan(2)
})

it('an address with a password is no address, in any variable that takes one', () => {
  const table = { ...EDGE_VARIABLES, ...NODE_VARIABLES, ...SUPABASE_VARIABLES, ...FIREBASE_VARIABLES }
  const takes = (name: string, text: string) =>
    readVariables(table, { [name]: text }).values[name as 'HOST_URL']
  const addresses = Object.keys(table).filter(
    (name) =>
      !ANY_TEXT.includes(name) &&
      takes(name, 'https://a.example') !== undefined &&
      takes(name, 'no address') === undefined,
  )
  expect(addresses).toEqual(
    expect.arrayContaining([
      'UPSTASH_REDIS_REST_URL',
      'HOST_URL',
      'LEDGER_SUPABASE_URL',
      'WEBHOOK_URL',
      'SUPABASE_URLS',
    ]),
  )
  for (const user of [`a:${SECRET}`, `:${SECRET}`, SECRET])
    expect(addresses.filter((name) => takes(name, `https://${user}@a.example`) !== undefined)).toEqual([])
})

it.each(Object.entries(BESIDE))('what is wrong beside %s shows nothing of it', async (_, changed) => {
  for (const text of await said(changed)) expect(text).not.toContain(SECRET)
})

it('neither do the variables of one platform', () => {
  const table = { ...NODE_VARIABLES, ...FIREBASE_VARIABLES, ...SUPABASE_VARIABLES }
  const seen = new Set<string>()
  for (const name of Object.keys(table))
    for (const value of brokenValues(name, SECRET))
      for (const complaint of readVariables(table, { [name]: value }).complaints) {
        seen.add(complaint.variable)
        expect(String(complaint).toLowerCase()).not.toContain(SECRET)
      }
  expect(Object.keys(table).filter((name) => !seen.has(name))).toEqual(['EDGE_BIND'])
  const reach = {
    bind: SECRET,
    proxies: 1,
    variables: { FIREBASE_PROJECT_IDS: SECRET, NODE_ENV: 'production' },
  }
  const refused = refuseEmulators({ projects: [SECRET], urls: [] }, reach)
  expect(refused).toHaveLength(4)
  expect(refused.join()).not.toContain(SECRET)
})

it('still says where to look and what to put there', () => {
  const complaint = (changed: Variables) => complaintsOf(changed).complaints.map(String).slice(2)
  expect(
    complaint({ SUPABASE_URLS: 'https://abc.supabase.co,https://abd.supabase.co/rest/v1?apikey=x' }),
  ).toEqual([
    "SUPABASE_URLS: entry 2 must be a project's URL without a path or a query, like https://abd.supabase.co",
  ])
  const more = { default_plan: 'x', models: [], plans: [], plan: 'free' }
  expect(complaint({ CATALOG: JSON.stringify(more) })).toContain(
    'CATALOG: has a field that is not known here; known are default_plan, upstreams, models, plans, project',
  )
})
