import type { ServiceKeys } from '../../deploy/service-keys.ts'
import { createServiceTokenSigner } from '../../edge/upstream/service-token.ts'
import { bodyHash } from '../../shared/service-token.ts'

/** One generation as its caller saw it. Times in milliseconds. */
export type Generation = { firstTokenMs: number; gapsMs: number[]; outputTokens: number; totalMs: number }

export type Ask = { prompt: string; outputTokens: number; account: string }

/** Calls a host directly, with service tokens signed as the edge signs them. */
export type HostClient = (ask: Ask) => Promise<Generation>

/** A client of the host at `url`, which holds the public half of `keys`. */
export function createHostClient(url: string, model: string, keys: ServiceKeys): HostClient {
  const sign = createServiceTokenSigner(keys.privateKey, Date.now)

  return async function generate({ prompt, outputTokens, account }) {
    const body = new TextEncoder().encode(
      JSON.stringify({
        model,
        prompt,
        max_tokens: outputTokens,
        temperature: 0,
        stop: [],
        stream: true,
        stream_options: { include_usage: true },
      }),
    )
    const began = performance.now()
    const answer = await fetch(`${url}/v1/completions`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${await sign({
          jti: crypto.randomUUID(),
          sub: account,
          route: 'POST /v1/completions',
          model,
          scope: 'chat',
          reserved: { prompt_tokens: 4096, output_tokens: outputTokens },
          body_sha256: await bodyHash(body),
          deadline: Date.now() + 600_000,
          weight: 1,
        })}`,
      },
    })
    if (!answer.ok || !answer.body)
      throw new Error(`the host answers ${answer.status}: ${await answer.text()}`)
    const times: number[] = []
    let text = ''
    const decoder = new TextDecoder()
    for await (const piece of answer.body) {
      times.push(performance.now())
      text += decoder.decode(piece as Uint8Array, { stream: true })
    }
    const counts = [...text.matchAll(/"completion_tokens":(\d+)/g)].map(([, count]) => Number(count))
    return {
      firstTokenMs: (times[0] ?? Number.NaN) - began,
      gapsMs: times.slice(1).map((time, i) => time - (times[i] ?? time)),
      outputTokens: counts.at(-1) ?? 0,
      totalMs: performance.now() - began,
    }
  }
}
