import * as z from 'zod'
import { ACTS_MOST } from '../../edge/ledger/bounds.ts'
import { LedgerAway } from '../../edge/ledger/port.ts'
import { createSupabaseLedger } from '../../edge/ledger/supabase.ts'
import type { Catalog } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import { orUnavailable, upstashClient } from '../../shared/upstash-client.ts'
import { type Finding, fine, ill } from './finding.ts'
import { findingsOf } from './findings.ts'
import { probe } from './probe.ts'
import { readStoreState } from './upstash-state.ts'

/** Milliseconds in which Redis must answer. */
const TIMEOUT_MS = 10_000

/** Redis's TIME: seconds since the epoch, and microseconds. */
const Time = z.tuple([z.coerce.number(), z.coerce.number()])

type Redis = {
  url: string
  token: string
  catalog: Catalog
  eventsMost: number | undefined
  now: () => number
}

/** Redis, and what it says of jobs and of what waits. */
export async function redisFindings({
  url,
  token,
  catalog,
  eventsMost,
  now,
}: Redis): Promise<{ findings: Finding[]; aheadMs: number | undefined }> {
  const options = { url, token, timeoutMs: TIMEOUT_MS }
  try {
    const state = await readStoreState(options)
    const sentAt = now()
    const [seconds, micros] = await orUnavailable(
      async () => Time.parse(await upstashClient(options).command('TIME')),
      'Redis does not answer.',
    )
    const middle = (sentAt + now()) / 2
    return {
      findings: [
        fine('redis', 'it answers'),
        ...findingsOf({ catalog, state, most: { events: eventsMost, acts: ACTS_MOST }, now: now() }),
      ],
      aheadMs: seconds * 1000 + micros / 1000 - middle,
    }
  } catch (error) {
    if (!(error instanceof TwohopError)) throw error
    const detail = `${error.message} Without it every request is refused with 503 store_unavailable: look at UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN`
    return { findings: [ill('redis', detail, `curl -i ${new URL(url).origin}`)], aheadMs: undefined }
  }
}

/** Whether the ledger takes the edge's calls. */
export async function ledgerFindings({
  url,
  key,
  now,
}: {
  url: string
  key: string
  now: () => number
}): Promise<{ findings: Finding[]; aheadMs: number | undefined }> {
  const { aheadMs } = (await probe(url)) ?? { aheadMs: undefined }
  try {
    await createSupabaseLedger({ url, key, fetch }).totals(new Date(now()).toISOString().slice(0, 7), '')
    return { findings: [fine('postgres', 'the ledger answers')], aheadMs }
  } catch (error) {
    if (!(error instanceof LedgerAway)) throw error
    return {
      findings: [
        ill(
          'postgres',
          `the ledger does not answer (${error.code}): events wait in Redis. The project is paused, its key is wrong, the schema twohop is not exposed, or the migrations have not run (supabase/README.md)`,
          'npx supabase db push --remote',
        ),
      ],
      aheadMs,
    }
  }
}
