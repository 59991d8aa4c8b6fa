import { expect, it } from 'vitest'
import { supabaseRest } from '../../../../edge/ledger/supabase-rest.ts'

it.each(['https://abc.supabase.co', 'https://abc.supabase.co/'])(
  "asks %s for the project's own schema, with the key in headers alone",
  async (url) => {
    const asked: Request[] = []
    const fetch: typeof globalThis.fetch = async (...args) => {
      asked.push(new Request(...args))
      return Response.json(true)
    }
    await supabaseRest({ url, key: 'a-secret', fetch }).rpc('keep_job_results', {})
    expect(asked.map((request) => request.url)).toEqual([
      'https://abc.supabase.co/rest/v1/rpc/keep_job_results',
    ])
    expect(Object.fromEntries(asked[0]?.headers ?? [])).toMatchObject({
      apikey: 'a-secret',
      authorization: 'Bearer a-secret',
      'content-profile': 'twohop',
    })
  },
)
