import { randomUUID } from 'node:crypto'
import type { JWK } from 'jose'
import { createServiceTokenSigner } from '../../edge/upstream/service-token.ts'
import { CLOCK_TOLERANCE } from '../../inference-host/admission/jwt.ts'
import { serviceKeys } from '../../local/service-keys.ts'
import { baseUrl } from '../../shared/base-url.ts'
import { isPrivateOrSecureUrl } from '../../shared/secure-url.ts'
import { bodyHash } from '../../shared/service-token.ts'
import { type Finding, fine, ill, warning } from './finding.ts'
import { type Answer, probe } from './probe.ts'

/** Milliseconds for which a token of this command is good. */
const TOKEN_MS = 10_000

type Asked = {
  url: string
  /** The edge's key, where it is at hand: then it is tried. */
  privateKey?: JWK | undefined
  /** What a door before the host asks for. */
  headers?: Readonly<Record<string, string>> | undefined
  now: () => number
}

/** Whether the host is private, ready, and takes what the edge signs. */
export async function hostFindings({
  url,
  privateKey,
  headers,
  now,
}: Asked): Promise<{ findings: Finding[]; aheadMs: number | undefined }> {
  const base = baseUrl(url)
  const stranger = await probe(`${base}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  if (stranger === undefined)
    return {
      findings: [
        warning(
          'host',
          `nobody answers at ${base} from here. That is right where only the edge's network reaches it: run this command there. Else the host is not running`,
          `curl -i ${base}/readyz`,
        ),
      ],
      aheadMs: undefined,
    }
  const ready = await probe(`${base}/readyz`, { headers: { ...headers } })
  const findings = [strangerFinding(base, stranger), readyFinding(ready)]
  if (privateKey === undefined) return { findings, aheadMs: stranger.aheadMs }
  return {
    findings: [...findings, await keyFinding({ base, headers, now }, privateKey)],
    aheadMs: ready?.aheadMs,
  }
}

/** Whether an address is one of this machine or of a private network, which plain HTTP may go to. */
const isPrivate = (base: string) => {
  const plain = new URL(base)
  plain.protocol = 'http:'
  return isPrivateOrSecureUrl(plain.href)
}

function strangerFinding(base: string, { status, code }: Answer): Finding {
  const check = 'a stranger at the host'
  if (code === 'service_token_missing')
    return isPrivate(base)
      ? fine(check, 'is refused, and its address is private')
      : warning(
          check,
          'is refused, but reaches the host itself: put a door before it, so that only the edge does (docs/private-host.md)',
        )
  if (status === 401 || status === 403 || (status >= 300 && status < 400))
    return fine(check, `is turned away by the door before it (${status})`)
  return ill(
    check,
    `gets ${status} without a token that the edge signed, where 401 is right: this is no host of Twohop, or something before it answers for it. Take it off the internet`,
  )
}

function readyFinding(answer: Answer | undefined): Finding {
  if (answer?.status === 200) return fine('host', 'it is ready')
  if (answer?.code === 'host_not_ready') return ill('host', answer.message)
  return ill(
    'host',
    `GET /readyz answers ${answer?.status ?? 'nothing'}: HOST_URL is not the host's own address, or HOST_HEADERS is not what the door before it asks for`,
  )
}

type Tried = { base: string; headers: Asked['headers']; now: () => number }

/** Tries the edge's key, and beside it one of a stranger under the same name: else a host that checks nothing would do. */
async function keyFinding(tried: Tried, privateKey: JWK): Promise<Finding> {
  const check = 'keys of the second hop'
  const { privateKey: strangers } = await serviceKeys(privateKey.kid)
  const [answer, forged] = await Promise.all([ask(tried, privateKey), ask(tried, strangers)])
  if (answer?.code === 'service_token_expired' || answer?.message.includes('future'))
    return ill(
      check,
      `the host's clock and this one differ by more than ${CLOCK_TOLERANCE} s, so it refuses every token: set the clocks by NTP`,
      'timedatectl set-ntp true',
    )
  if (answer?.code === 'service_token_invalid')
    return ill(
      check,
      `the host does not know the edge's key "${privateKey.kid}": its SERVICE_TOKEN_PUBLIC_KEYS belong to another`,
      'SERVICE_TOKEN_PUBLIC_KEYS="$(cat service-key.public.json)"   # in the host\'s environment; then start it anew',
    )
  if (answer?.code !== 'not_found')
    return ill(check, `could not be tried: the host answers ${answer?.code ?? answer?.status ?? 'nothing'}`)
  return forged?.code === 'service_token_invalid'
    ? fine(check, "the host takes what the edge signs, and nobody else's")
    : ill(
        check,
        `what a stranger has signed gets ${forged?.code ?? forged?.status ?? 'no answer'}, where service_token_invalid is right: HOST_URL is not that of a host of Twohop`,
      )
}

/** Looks for a request that does not exist, which computes nothing. */
async function ask({ base, headers, now }: Tried, key: JWK): Promise<Answer | undefined> {
  const path = `/v1/requests/${randomUUID()}`
  const token = await createServiceTokenSigner(
    key,
    now,
  )({
    jti: randomUUID(),
    sub: 'doctor',
    route: `DELETE ${path}`,
    model: '',
    scope: '',
    reserved: { prompt_tokens: 0, output_tokens: 0 },
    body_sha256: await bodyHash(new Uint8Array()),
    deadline: now() + TOKEN_MS,
    weight: 1,
  })
  return probe(`${base}${path}`, {
    method: 'DELETE',
    headers: { ...headers, authorization: `Bearer ${token}` },
  })
}
