import { startPart } from '../../local/part.ts'
import { spread } from '../kit.ts'
import type { Finding, Measurement } from './measurement.ts'
import { mixedTexts } from './prompts.ts'

const CLIENTS = 16
const TEXTS = 32
const WORDS = { least: 4, most: 200 }
const PLAIN = new URL('plain-encoder.ts', import.meta.url)

type Embed = (texts: readonly string[], client: number) => Promise<void>

export const embeddings: Measurement = {
  name: 'embeddings',
  about: 'texts a second of mixed length, beside transformers.js one by one and with lists as they come',
  limitSeconds: 600,
  async run({ host, files, rounds, quick, progress, signal }) {
    const { client } = await host('encoder')
    const { folder, dtype } = await files('encoder')
    const plain = await startPart<{ url: string }>(PLAIN, { args: [folder, dtype], signal })
    const targets: Record<string, Embed> = {
      'one-by-one': (texts) => postPlain(`${plain.ready.url}/one-by-one`, texts, signal),
      'as-it-comes': (texts) => postPlain(`${plain.ready.url}/as-it-comes`, texts, signal),
      host: (texts, i) => client.embed(texts, { account: `embedding ${i}`, signal }),
    }
    const clients = quick ? CLIENTS / 4 : CLIENTS
    const speeds: Record<string, number[]> = { 'one-by-one': [], 'as-it-comes': [], host: [] }
    try {
      for (let round = 1; round <= (quick ? 1 : rounds); round++)
        for (const [name, embed] of Object.entries(targets)) {
          progress(`embeddings, round ${round}: ${name}`)
          speeds[name]?.push(await textsPerSecond(embed, clients, `embeddings ${round}`))
        }
    } finally {
      await plain.stop()
    }
    return {
      findings: [
        over(speeds, 'one-by-one', 1.4, 'texts/s over transformers.js one by one'),
        over(speeds, 'as-it-comes', 3, 'texts/s over transformers.js with lists as they come'),
      ],
      raw: { clients, textsPerClient: TEXTS, textsPerSecond: speeds },
    }
  },
}

async function textsPerSecond(embed: Embed, clients: number, salt: string): Promise<number> {
  const lists = Array.from({ length: clients }, (_, i) =>
    mixedTexts(`${salt} ${i}`, TEXTS, WORDS.least, WORDS.most),
  )
  const began = performance.now()
  await Promise.all(lists.map(embed))
  return (clients * TEXTS) / ((performance.now() - began) / 1000)
}

async function postPlain(url: string, input: readonly string[], signal: AbortSignal): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    // A connection of its own: the other side may just be closing an idle one.
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ input }),
    signal,
  })
  if (!answer.ok) throw new Error(`transformers.js answers ${answer.status}`)
  const { data } = (await answer.json()) as { data: unknown[] }
  if (data.length !== input.length) throw new Error(`${input.length} texts have ${data.length} vectors`)
}

function over(speeds: Record<string, number[]>, than: string, value: number, what: string): Finding {
  const [ours, theirs] = [speeds.host ?? [], speeds[than] ?? []]
  const { min, max } = spread(ours.map((speed, i) => speed / (theirs[i] ?? Number.NaN)))
  return {
    what: `embeddings, ${what}`,
    seen: spread(ours).median / spread(theirs).median,
    unit: 'x',
    asked: { at: 'least', value },
    spread: { min, max },
    note: `${spread(theirs).median.toFixed(0)} → ${spread(ours).median.toFixed(0)} texts/s`,
  }
}
