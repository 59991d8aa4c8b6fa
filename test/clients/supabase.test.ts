import { createClient, FunctionsHttpError } from '@supabase/supabase-js'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { readError, twohopFetch } from '../../client/index.ts'
import { RUNTIMES, type RunningEdge } from '../fixtures/runtimes/runtimes.ts'
import { CHAT, stack } from '../fixtures/stack/client.ts'
import { QUESTION } from './asked.ts'
import { startSupabaseGateway } from './supabase-gateway.ts'

const { postgres, issuers } = stack
if (!postgres) throw new Error('the stack has no ledger')
const body = { model: CHAT, messages: [{ role: 'user', content: QUESTION }], temperature: 0, max_tokens: 12 }
const password = 'a long enough password'

let edge: RunningEdge
let gateway: Awaited<ReturnType<typeof startSupabaseGateway>>

/** Signs somebody up whom nobody has seen before, so that a second try of a test meets nothing of the first. */
async function signUp() {
  const supabase = createClient(gateway.url, postgres?.publishableKey ?? '', { db: { schema: 'twohop' } })
  onTestFinished(() => supabase.auth.stopAutoRefresh())
  const email = `${crypto.randomUUID()}@example.com`
  const { data, error } = await supabase.auth.signUp({ email, password })
  expect(error).toBeNull()
  if (!data.session) throw new Error('no session')
  return { supabase, email, session: data.session }
}

beforeAll(async () => {
  const runtime = RUNTIMES.find(({ name }) => name.startsWith('Supabase'))
  if (!runtime) throw new Error('there is no Supabase runtime')
  edge = await runtime.start(inject('edgeVariables'))
  const functions = new URL(edge.url).origin
  gateway = await startSupabaseGateway({ auth: issuers.supabase.url, rest: postgres.url, functions })
})
afterAll(async () => {
  gateway.stop()
  await edge.stop()
})

describe('@supabase/supabase-js', () => {
  it('signUp, signInWithPassword and getUser', async () => {
    const { supabase, email, session } = await signUp()
    const { data, error } = await supabase.auth.signInWithPassword({ email, password })
    expect([error, data.session?.user.id]).toEqual([null, session.user.id])
    expect((await supabase.auth.getUser()).data.user).toMatchObject({ id: session.user.id, email })
    const wrong = await supabase.auth.signInWithPassword({ email, password: 'another password' })
    expect(wrong.error).toMatchObject({ status: 400, code: 'invalid_credentials' })
  })

  it('refreshSession', async () => {
    const { supabase, session } = await signUp()
    const { data } = await supabase.auth.refreshSession()
    expect(data.session?.user.id).toBe(session.user.id)
    expect(data.session?.refresh_token).not.toBe(session.refresh_token)
  })

  it('functions.invoke', async () => {
    const { supabase } = await signUp()
    const { data, error } = await supabase.functions.invoke('edge/v1/chat/completions', { body })
    expect(error).toBeNull()
    expect(data).toMatchObject({ object: 'chat.completion', model: CHAT })
    expect(data.choices[0].message.content).toMatch(/\w{3}/)
  })

  it('functions.invoke, streamed', async () => {
    const { supabase } = await signUp()
    const whole = await supabase.functions.invoke('edge/v1/chat/completions', { body })
    const streamed = await supabase.functions.invoke('edge/v1/chat/completions', {
      body: { ...body, stream: true },
    })
    const events = ((await (streamed.data as Response).text()) as string).split('\n\n').filter(Boolean)
    expect(events.at(-1)).toBe('data: [DONE]')
    const text = events
      .slice(0, -1)
      .map((event) => JSON.parse(event.slice('data: '.length)).choices[0]?.delta.content ?? '')
      .join('')
    expect(text).toBe(whole.data.choices[0].message.content)
  })

  it('functions.invoke, errors', async () => {
    const { supabase } = await signUp()
    const { error } = await supabase.functions.invoke('edge/v1/chat/completions', {
      body: { ...body, model: 'none' },
    })
    expect(error).toBeInstanceOf(FunctionsHttpError)
    expect(await readError(error)).toMatchObject({ code: 'model_not_found', status: 404, param: 'model' })
  })

  it('own usage rows of the ledger', async () => {
    const { supabase, session } = await signUp()
    for (let n = 0; n < 3; n++)
      expect((await supabase.functions.invoke('edge/v1/chat/completions', { body })).error).toBeNull()
    const read = () => supabase.from('usage_events').select('account_id, task, outcome, output_tokens, units')
    await edge.schedule(async () => ((await read()).data ?? []).length === 3)
    const { data } = await read()
    expect(new Set(data?.map(({ account_id }) => account_id)).size).toBe(1)
    expect(data?.[0]?.account_id).toMatch(new RegExp(`^supabase:.*${session.user.id}$`))
    expect(data?.map(({ task, outcome }) => [task, outcome])).toEqual(Array(3).fill(['chat', 'ok']))
    const daily = await supabase.from('usage_daily').select('requests, output_tokens, units')
    const sum = (field: 'output_tokens' | 'units') => data?.reduce((all, row) => all + row[field], 0)
    expect(daily.data).toEqual([{ requests: 3, output_tokens: sum('output_tokens'), units: sum('units') }])
    // Somebody else sees none of them.
    const { supabase: other } = await signUp()
    expect((await other.from('usage_events').select('request_id')).data).toEqual([])
  })

  it('its session under openai, by twohopFetch', async () => {
    const { supabase } = await signUp()
    const getToken = async ({ forceRefresh }: { forceRefresh: boolean }) => {
      const { data } = forceRefresh ? await supabase.auth.refreshSession() : await supabase.auth.getSession()
      return data.session?.access_token
    }
    const client = new OpenAI({
      baseURL: `${stack.edge.url}/v1`,
      apiKey: 'unused',
      maxRetries: 0,
      fetch: twohopFetch(getToken, { edge: stack.edge.url }),
    })
    expect((await client.models.list()).data.map(({ id }) => id)).toContain(CHAT)
    await supabase.auth.signOut()
    const refused = await client.models.list().catch((error: unknown) => error)
    expect(await readError(refused)).toMatchObject({ code: 'token_missing', status: 401 })
  })
})
