import { expect, it } from 'vitest'
import { LedgerAway, LedgerRefused } from '../../../edge/ledger/port.ts'
import { createSupabaseLedger } from '../../../edge/ledger/supabase.ts'
import { supabaseJsRest } from '../../../edge/ledger/supabase-js.ts'
import { supabaseRest } from '../../../edge/ledger/supabase-rest.ts'
import { describeEachPostgres, usageEvent } from '../../fixtures/each-postgres.ts'

const CLIENTS = [
  { client: 'its own REST client', restOf: supabaseRest },
  { client: 'supabase-js', restOf: supabaseJsRest },
] as const

describeEachPostgres('the ledger by either client', (postgres) => {
  it.each(CLIENTS)(
    'of $client records each event once, refuses what cannot be stored, and sums',
    async ({ restOf }) => {
      const { url, secretKey: key } = postgres.local()
      const ledger = createSupabaseLedger({ url, key, fetch }, restOf)
      const batch = [usageEvent('r1', 'ada'), usageEvent('r2', 'ada')]
      expect(await ledger.record(batch)).toEqual({ recorded: 2, duplicates: 0, conflicts: [] })
      expect(await ledger.record([...batch, usageEvent('r1', 'ada', { units: 1 })])).toEqual({
        ...{ recorded: 0, duplicates: 2, conflicts: [2] },
      })
      await expect(ledger.record([usageEvent('r3', 'ada', { units: -1 })])).rejects.toThrow(LedgerRefused)
      const [ada] = await ledger.totals('2026-11', '')
      expect(ada?.account).toBe('ada')
    },
  )

  it.each(CLIENTS)(
    'of $client tells a ledger that is away, or does not know it, by a code alone',
    async ({ restOf }) => {
      const { url } = postgres.local()
      const away = createSupabaseLedger({ url: 'http://127.0.0.1:9', key: 'a-secret-key', fetch }, restOf)
      const error = await away.record([]).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(LedgerAway)
      expect(String((error as Error).stack)).not.toContain('a-secret-key')
      const stranger = createSupabaseLedger({ url, key: 'another-secret-key', fetch }, restOf)
      await expect(stranger.record([])).rejects.toThrow(LedgerAway)
      const silent: typeof fetch = (_, init) => {
        const { promise, reject } = Promise.withResolvers<Response>()
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
        return promise
      }
      const hanging = createSupabaseLedger({ url, key: 'x', timeoutMs: 20, fetch: silent }, restOf)
      await expect(hanging.record([])).rejects.toThrow(LedgerAway)
    },
  )
})
