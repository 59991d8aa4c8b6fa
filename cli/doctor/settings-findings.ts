import * as z from 'zod'
import { Origins } from '../../edge/access/origin-list.ts'
import { edgeConfig } from '../../edge/runtime/config.ts'
import { NotConfigured } from '../../edge/runtime/not-configured.ts'
import type { Variables } from '../../edge/runtime/read-variables.ts'
import { ServicePrivateKey } from '../../edge/upstream/signer.ts'
import { entriesOf } from '../../shared/listed.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { type Finding, fine, ill, warning } from './finding.ts'

/** What the edge's variables, and the host's keys beside them, say before anything is asked. */
export function settingsFindings(variables: Variables): Finding[] {
  return [
    ...completeFindings(variables),
    ...originsFinding(variables),
    ...keyFindings(variables),
    ...emulatorFindings(variables),
  ]
}

function completeFindings(variables: Variables): Finding[] {
  try {
    edgeConfig(variables)
    return [fine('variables', 'the edge has all that it needs, secrets too')]
  } catch (error) {
    if (!(error instanceof NotConfigured)) throw error
    return error.complaints.map((complaint) =>
      ill(
        `variable ${complaint.variable}${complaint.within}`,
        `${complaint.rule}; until then the edge answers 503 not_configured`,
        'npx twohop init --help',
      ),
    )
  }
}

/** Schemes whose every extension or page is let in, though an entry of one's own would do. */
const TOO_WIDE = ['chrome-extension://*', 'http://localhost:*', 'http://127.0.0.1:*']

function originsFinding({ ALLOWED_ORIGINS = '' }: Variables): Finding[] {
  // What is wrong with them is said above, and nothing of them is shown.
  if (!Origins.safeParse(ALLOWED_ORIGINS).success) return []
  const origins = entriesOf(ALLOWED_ORIGINS)
  if (origins.length === 0)
    return [
      warning(
        'origins',
        'none is set, so no page and no extension may call',
        'npx twohop init --origin <id of your extension>',
      ),
    ]
  const wide = origins.filter((origin) => TOO_WIDE.includes(origin))
  if (wide.length > 0)
    return [
      warning(
        'origins',
        `${wide.join(', ')} lets in more than is yours; for production name your own (docs/configuration.md#origins)`,
      ),
    ]
  return [fine('origins', origins.join(', '))]
}

const KeySet = z.object({ keys: z.array(z.looseObject({ kid: z.string(), x: z.string() })) })

/** Whether the host is given the public half of the edge's key, where both are at hand. */
function keyFindings({ SERVICE_TOKEN_PRIVATE_KEY, SERVICE_TOKEN_PUBLIC_KEYS }: Variables): Finding[] {
  const { data: own } = ServicePrivateKey.safeParse(parseJson(SERVICE_TOKEN_PRIVATE_KEY ?? ''))
  if (own === undefined || !SERVICE_TOKEN_PUBLIC_KEYS) return []
  const { data: hosts } = KeySet.safeParse(parseJson(SERVICE_TOKEN_PUBLIC_KEYS))
  const same = hosts?.keys.some(({ kid, x }) => kid === own.kid && x === own.x) ?? false
  return [
    same
      ? fine('key pair', "the host's variables have the public half of the edge's key")
      : ill(
          'key pair',
          "the host's variables lack the public half of the edge's key, so it refuses every call",
          'npm run keys -- --out new-key   # a new pair for both',
        ),
  ]
}

function emulatorFindings({ EDGE_EMULATORS }: Variables): Finding[] {
  return EDGE_EMULATORS
    ? [ill('emulators', 'EDGE_EMULATORS takes tokens that anybody can make: it is for development alone')]
    : []
}
