import * as z from 'zod'
import { TwohopError } from '../../shared/errors.ts'
import { type RestOf, type SupabaseRestOptions, supabaseRest } from '../ledger/supabase-rest.ts'
import type { ResultStore } from './results.ts'

type Options = SupabaseRestOptions & {
  /** The most bytes of results that one account may keep there. */
  bytesOfAccount: number
}

const Page = z.object({ results: z.array(z.tuple([z.int().min(0), z.string()])), more: z.boolean() })

/** Results of jobs in Supabase Postgres, through the functions of supabase/migrations. Each call is one request. */
export function createSupabaseResults(
  { bytesOfAccount, ...project }: Options,
  restOf: RestOf = supabaseRest,
) {
  const rest = restOf(project)

  async function call<Answer>(name: string, args: object, answer: z.ZodType<Answer>): Promise<Answer> {
    const { data, error } = await rest.rpc(name, args)
    const read = error ? undefined : answer.safeParse(data)
    // The client's message may hold the URL, and the answer a result: neither is told.
    if (!read?.success)
      throw new TwohopError('store_unavailable', 'Results of jobs cannot be reached right now.')
    return read.data
  }

  return {
    put: ({ id, account, until }, results) =>
      call(
        'keep_job_results',
        {
          ...{ job: id, account, until_ms: until, most: bytesOfAccount },
          results: results.map(({ index, json }) => [index, json]),
        },
        z.boolean(),
      ),
    async page({ id }, after, most) {
      const { results, more } = await call('job_results_page', { job: id, after, most }, Page)
      return { results: results.map(([index, json]) => ({ index, json })), more }
    },
    /** Drops results whose time is over. Returns how many. */
    dropEnded: () => call('drop_job_results', {}, z.int().min(0)),
  } satisfies ResultStore & { dropEnded: () => Promise<number> }
}
