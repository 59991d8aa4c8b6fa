import { readFileSync } from 'node:fs'
import { parse } from 'smol-toml'
import * as z from 'zod'

const Settings = z.object({
  compatibility_date: z.string({ error: 'wrangler.toml names no compatibility_date' }),
  compatibility_flags: z.array(z.string()).default([]),
})

/**
 * The settings of wrangler.toml that workerd needs, so that the local edge runs as the deployed one does. They are read
 * without wrangler, which takes two seconds to load.
 * @throws Error where wrangler.toml is no TOML, or names no compatibility_date
 */
export function workerSettings(): { date: string; flags: string[] } {
  const text = readFileSync(new URL('../../wrangler.toml', import.meta.url), 'utf8')
  const { data, error } = Settings.safeParse(parse(text))
  if (error) throw new Error(error.issues[0]?.message)
  return { date: data.compatibility_date, flags: data.compatibility_flags }
}
