import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { defineConfig } from 'wxt'
import type { Config } from './src/config.ts'
import { contentSecurityPolicy } from './src/content-security-policy.ts'

/** TWOHOP_CONFIG names another file than twohop.config.ts: `TWOHOP_CONFIG=staging.config.ts npm run build`. */
const configFile = resolve(import.meta.dirname, process.env.TWOHOP_CONFIG ?? 'twohop.config.ts')
type Configs = { local: Config; production: Config }
const { local, production }: Configs = await import(pathToFileURL(configFile).href)

/** Public half of a key that nobody keeps. It gives the local build the id bgbohmlfabkbjagobpphigdlfkkjeajd everywhere. */
const LOCAL_KEY =
  'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvo9b/KT2rFKHlaH4KlQifFrCJ3yIqIVZP5z5ESqmqqOreO0NFz5fQIf47agBJRyOMBHP6wxWyGKNfZBlI6RtCYi9d1zP74z9YQ8lW5YtmX4dhMI8qef0nVlEhTTAFQxa0EeJIhlV0Ooscr2u7VJb780beIofHoeYb2HcYJzAJtBfzeLJApFDXX/Uwfq1f70/uw/NcchXAymaju5JCIJ2rRuA/fbyOtwkurrY/U5Exq+LNrYsm6fQZMEyO49XbftyQB7bPEdslidR1t1lliKAir5gmn48n1p2r6V0sfHN0kBKMDRDuc4NqD4GuuUFFhLn28gOqsM5mR93UXL2YEMQrQIDAQAB'

/** @throws Error where the values of the example were left in what is to be published */
function requireOwnValues(config: Config): void {
  if (JSON.stringify(config).includes('example.com'))
    throw new Error(`${configFile}: "production" still has the values of the example.`)
}

export default defineConfig({
  manifestVersion: 3,
  // Not `.output`: pickers of folders hide what begins with a dot.
  outDir: process.env.TWOHOP_OUT ?? 'dist',
  // Each name is imported where it is used.
  imports: false,
  alias: { '#twohop-config': configFile },
  vite: () => ({ build: { sourcemap: false, modulePreload: { polyfill: false } } }),
  hooks: {
    'build:before': ({ config: { mode } }) => {
      if (mode === 'production') requireOwnValues(production)
    },
  },
  manifest: ({ mode, browser, command }) => {
    const isPublished = mode === 'production'
    const config = isPublished ? production : local
    return {
      name: isPublished ? 'Twohop example' : 'Twohop example (local)',
      description: 'Summarizes, explains, translates and classifies what you select on a page.',
      action: { default_title: 'Open the side panel' },
      permissions: [
        'activeTab',
        'contextMenus',
        'scripting',
        'storage',
        ...(browser === 'firefox' ? [] : ['sidePanel']),
      ],
      ...(command === 'build' && {
        content_security_policy: { extension_pages: contentSecurityPolicy(config) },
      }),
      ...(browser === 'firefox'
        ? {
            browser_specific_settings: {
              gecko: {
                id: 'twohop-example@example.com',
                strict_min_version: '140.0',
                data_collection_permissions: { required: ['authenticationInfo', 'websiteContent'] },
              },
            },
          }
        : { minimum_chrome_version: '120', ...(!isPublished && { key: LOCAL_KEY }) }),
    }
  },
})
