import { createAdmit } from '../../../inference-host/admission/admit.ts'
import { createAuthenticate } from '../../../inference-host/admission/authenticate.ts'
import { importPublicKeys } from '../../../inference-host/admission/jwks.ts'
import { createReplayGuard } from '../../../inference-host/admission/replay.ts'
import { compileStructure } from '../../../inference-host/decoding/structure/compile.ts'
import { packProgram } from '../../../inference-host/decoding/structure/packed.ts'
import { createQueue, type Queue } from '../../../inference-host/scheduler/queue.ts'
import { createRequests } from '../../../inference-host/scheduler/requests.ts'
import { createApp } from '../../../inference-host/server/app.ts'
import type { ServiceClaims } from '../../../shared/service-token.ts'
import { createSigner } from '../../host/signer.ts'
import { createHandEngine, runOf } from './hand-engine.ts'

export const CHAT = {
  model: 'chat-1',
  messages: [{ role: 'user', content: 'a prompt that must stay secret' }],
  max_tokens: 8,
  stream: false,
  stop: [],
}
export const DONE = { how: 'finished', output: { kind: 'text', finishReasons: ['stop'] } } as const
const RESERVED = { prompt_tokens: 32, output_tokens: 8 }

/** The host's app over three engines that the test drives by hand, each with one slot and one place to wait. */
export async function createHandApp() {
  const engine = createHandEngine({ id: 'chat-1' })
  const encoder = createHandEngine({ id: 'embed-1', task: 'feature-extraction' })
  const classifier = createHandEngine({ id: 'classify-1', task: 'text-classification' })
  const signer = await createSigner()
  const state = { ready: true }
  const lines: string[] = []
  const queues = new Map<string, Queue>(
    [engine, encoder, classifier].map((one) => [one.info.id, createQueue({ engine: one, limit: 1 })]),
  )
  const requests = createRequests({ keepMs: 60_000, most: 10 })
  const replays = createReplayGuard(10)
  const ready = () => state.ready
  const app = createApp({
    authenticate: createAuthenticate(await importPublicKeys(signer.jwks)),
    compile: async (structure) => ({
      id: JSON.stringify(structure),
      program: packProgram(compileStructure(structure)),
    }),
    admit: createAdmit({ queues, requests, replays, ready }),
    requests,
    replays,
    ready,
    bodyBytes: 2048,
    metrics: { text: async () => '', contentType: 'text/plain' },
    log: (event, fields) => lines.push(`${event} ${JSON.stringify(fields)}`),
  })

  /** Sends `body` with a token for it; with `sent`, the token is for another body than the one that goes. */
  async function send(route: string, body?: unknown, claims: Partial<ServiceClaims> = {}, sent = body) {
    const [method = '', path = ''] = route.split(' ')
    const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value ?? '') || '')
    const signed = body === undefined ? '' : text(body)
    const token = await signer.sign(route, signed, { reserved: RESERVED, ...claims })
    return app.request(path, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(sent !== undefined && { body: text(sent) }),
    })
  }

  /** Waits until the `index`th job is with the engine: admission awaits the token's check. */
  async function arrived(index = 0, at = engine) {
    while (at.runs.length <= index) await new Promise(setImmediate)
    return runOf(at, index)
  }

  return { app, state, engine, encoder, classifier, queues, lines, send, arrived }
}

/** The status of a refusal, and the code and field of its body. */
export async function codeOf(response: Response | Promise<Response>) {
  const answer = await response
  const body = (await answer.json()) as { error: { code: string; param: string | null } }
  return { status: answer.status, code: body.error.code, param: body.error.param }
}
