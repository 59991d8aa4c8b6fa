import * as z from 'zod'
import { baseUrl } from '../../shared/base-url.ts'
import type { Catalog } from '../../shared/catalog.ts'
import { isSecureUrl } from '../../shared/secure-url.ts'
import { type Finding, fine, ill, warning } from './finding.ts'
import { type Answer, probe } from './probe.ts'

/** An origin that nobody has let in: the name can never be registered (RFC 6761). */
const STRANGER = 'https://stranger.invalid'

type Asked = {
  url: string
  /** A user's token or API key; with one, a real answer of one token is asked for. */
  token?: string | undefined
  catalog?: Catalog | undefined
}

/** What the edge shows to everybody, and to a user. */
export async function edgeFindings({
  url,
  token,
  catalog,
}: Asked): Promise<{ findings: Finding[]; aheadMs: number | undefined }> {
  const base = baseUrl(url)
  const findings = [
    isSecureUrl(base)
      ? fine('https', 'tokens go to the edge in secret')
      : ill(
          'https',
          `${base} takes tokens in clear text: put a proxy with TLS before it, and use its address`,
        ),
  ]
  const health = await probe(`${base}/healthz`)
  if (health === undefined)
    return {
      findings: [
        ...findings,
        ill('edge', `nobody answers at ${base}: it is not running, or another address is its own`),
      ],
      aheadMs: undefined,
    }
  findings.push(healthFinding(health))
  if (health.code !== 'not_configured') {
    findings.push(strangerFinding(await probe(`${base}/v1/models`)))
    const headers = { origin: STRANGER, 'access-control-request-method': 'GET' }
    findings.push(foreignFinding(await probe(`${base}/v1/models`, { method: 'OPTIONS', headers })))
    if (token !== undefined && isSecureUrl(base)) findings.push(await answerFinding(base, token, catalog))
  }
  return { findings, aheadMs: health.aheadMs }
}

function healthFinding({ status, code, message }: Answer): Finding {
  if (status === 200) return fine('edge', 'it is up')
  if (code === 'not_configured')
    return ill('edge', message, 'npx twohop init --help', 'npx wrangler tail --env=""')
  return ill(
    'edge',
    `it answers ${status} to GET /healthz: that is no edge of Twohop, or something before it answers`,
  )
}

function strangerFinding(answer: Answer | undefined): Finding {
  const check = 'a stranger at the edge'
  if (answer?.status === 401) return fine(check, 'is refused')
  return ill(
    check,
    `gets ${answer?.status ?? 'no answer'} where 401 is right: something before the edge answers, or it is another service`,
  )
}

function foreignFinding(answer: Answer | undefined): Finding {
  const allowed = answer?.headers.get('access-control-allow-origin')
  if (!allowed) return fine('a foreign page', 'may not call')
  return ill('a foreign page', `may call (${allowed}): something before the edge lets every origin in`)
}

const Models = z.object({ data: z.array(z.object({ id: z.string() })) })

/** One token of a real answer, which shows that edge, Redis, keys and host go together. It costs the user a few units. */
async function answerFinding(base: string, token: string, catalog: Catalog | undefined): Promise<Finding> {
  const check = 'a real answer'
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const listed = await probe(`${base}/v1/models`, { headers })
  const { data } = Models.safeParse(listed?.json)
  if (data === undefined)
    return ill(
      check,
      `the token is refused (${listed?.code ?? listed?.status ?? 'no answer'}): ${listed?.message ?? ''}`,
    )
  const chats = catalog?.models.filter(({ tasks }) => tasks.includes('chat')).map(({ id }) => id)
  const model = data.data.find(({ id }) => chats?.includes(id) ?? true)?.id
  if (model === undefined) return warning(check, 'was not asked for: the plan has no chat model')
  const body = JSON.stringify({ model, max_tokens: 1, messages: [{ role: 'user', content: 'Hi' }] })
  const answer = await probe(`${base}/v1/chat/completions`, { method: 'POST', headers, body })
  if (answer?.status === 200) return fine(check, `came from ${model}`)
  return ill(
    check,
    `did not come: ${answer?.code ?? answer?.status ?? 'no answer'}. ${answer?.message ?? ''} (docs/errors.md)`,
  )
}
