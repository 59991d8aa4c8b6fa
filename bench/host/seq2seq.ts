import { spread } from '../kit.ts'
import type { HostUnderTest } from './hosts.ts'
import type { Finding, Measurement } from './measurement.ts'
import { seeded, words } from './prompts.ts'

const CLIENTS = 16
const TEXTS = 3
/** The lengths of a text in words, and of an answer in tokens; the model's tokens are letters. */
const WORDS = { least: 2, most: 8 }
const TOKENS = { least: 20, most: 60 }

const NAMES = ['plain-seq2seq', 'seq2seq'] as const
type Name = (typeof NAMES)[number]
type Round = { textsPerSecond: number; answers: string[] }

export const seq2seq: Measurement = {
  name: 'seq2seq',
  about: 'texts a second of an encoder-decoder, beside transformers.js one by one behind the same routes',
  limitSeconds: 900,
  async run({ host, rounds, quick, progress, signal }) {
    const hosts = { 'plain-seq2seq': await host('plain-seq2seq'), seq2seq: await host('seq2seq') }
    const clients = quick ? CLIENTS / 2 : CLIENTS
    const speeds: Record<Name, number[]> = { 'plain-seq2seq': [], seq2seq: [] }
    let same = 0
    for (let round = 1; round <= (quick ? 1 : rounds); round++) {
      const answers: string[][] = []
      for (const name of NAMES) {
        progress(`seq2seq, round ${round}: ${name}`)
        const seen = await roundOf(hosts[name], clients, `seq2seq ${round}`, signal)
        speeds[name].push(seen.textsPerSecond)
        answers.push(seen.answers)
      }
      same += answers[1]?.filter((answer, i) => answer === answers[0]?.[i]).length ?? 0
    }
    const texts = speeds.seq2seq.length * clients * TEXTS
    return {
      findings: [
        over(speeds),
        {
          what: 'seq2seq, texts that read as transformers.js writes them',
          seen: same,
          unit: `of ${texts}`,
          asked: { at: 'least', value: texts },
        },
      ],
      raw: { clients, textsPerClient: TEXTS, textsPerSecond: speeds },
    }
  },
}

async function roundOf(
  { client }: HostUnderTest,
  clients: number,
  salt: string,
  signal: AbortSignal,
): Promise<Round> {
  const began = performance.now()
  const answers = await Promise.all(
    Array.from({ length: clients }, async (_, i) => {
      const random = seeded(`${salt} ${i}`)
      const between = ({ least, most }: { least: number; most: number }) =>
        least + Math.floor(random() * (most - least + 1))
      const own: string[] = []
      for (let text = 0; text < TEXTS; text++) {
        const asked = words(`${salt} ${i} ${text}`, between(WORDS)).trim()
        const ask = { account: `seq2seq ${i}`, outputTokens: between(TOKENS), signal }
        own.push(await client.translate(asked, ask))
      }
      return own
    }),
  )
  return {
    textsPerSecond: (clients * TEXTS) / ((performance.now() - began) / 1000),
    answers: answers.flat(),
  }
}

function over(speeds: Record<Name, number[]>): Finding {
  const [ours, theirs] = [speeds.seq2seq, speeds['plain-seq2seq']]
  const { min, max } = spread(ours.map((speed, i) => speed / (theirs[i] ?? Number.NaN)))
  return {
    what: 'seq2seq, texts/s over transformers.js one by one',
    seen: spread(ours).median / spread(theirs).median,
    unit: 'x',
    spread: { min, max },
    note: `${spread(theirs).median.toFixed(1)} → ${spread(ours).median.toFixed(1)} texts/s`,
  }
}
