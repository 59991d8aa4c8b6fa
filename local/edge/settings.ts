import { fileURLToPath } from 'node:url'
import { unstable_readConfig } from 'wrangler'

/**
 * The settings of wrangler.toml that workerd needs, so that the local edge runs as the deployed one does.
 * @throws Error where wrangler.toml names no compatibility_date
 */
export function workerSettings(): { date: string; flags: string[] } {
  const config = fileURLToPath(new URL('../../wrangler.toml', import.meta.url))
  const { compatibility_date, compatibility_flags } = unstable_readConfig({ config })
  if (!compatibility_date) throw new Error('wrangler.toml names no compatibility_date')
  return { date: compatibility_date, flags: compatibility_flags }
}
