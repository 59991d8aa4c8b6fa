import type { HostClient } from './client.ts'
import type { HostName } from './hosts.ts'
import type { Finding, Measurement } from './measurement.ts'
import QUESTIONS from './questions.json' with { type: 'json' }

/** Ways to ask each question, which make several hundred questions of the given ones. */
const WAYS = [
  '',
  'In one sentence: ',
  'Answer as if I were five years old. ',
  'Give two reasons or examples. ',
]
const ASKED = 200
const ASKED_QUICK = 8
/** The most tokens of an answer: enough for a near-tie to fall the other way. */
const MOST_TOKENS = 24
const AT_ONCE = 16

/**
 * Checks that requests in a batch get the same answers as from transformers.js alone, chosen greedily. `exact` computes
 * rows one by one where this CPU rounds several rows differently from one, so it must always be equal. `batching` is
 * equal, except on such a CPU.
 */
export const sameAnswers: Measurement = {
  name: 'same-answers',
  about: `${ASKED} questions: answers in a batch equal to those of plain transformers.js`,
  limitSeconds: 1500,
  async run({ host, quick, progress, signal }) {
    const asked = WAYS.flatMap((way) => QUESTIONS.map((question) => way + question)).slice(
      0,
      quick ? ASKED_QUICK : ASKED,
    )
    const answersOf = async (name: HostName) => {
      progress(`same answers, ${asked.length} questions: ${name}`)
      const { client } = await host(name)
      return answersTo(asked, client, name === 'plain' ? 1 : AT_ONCE, signal)
    }
    const plain = await answersOf('plain')
    const findings: Finding[] = []
    const raw: Record<string, number[]> = {}
    for (const name of ['exact', 'batching'] as const) {
      const answers = await answersOf(name)
      const different = answers.flatMap((answer, i) => (answer === plain[i] ? [] : [i]))
      raw[name] = different
      findings.push({
        what: `answers equal to those of each alone, ${name}`,
        seen: asked.length - different.length,
        unit: `of ${asked.length}`,
        ...(name === 'exact' && { asked: { at: 'least', value: asked.length } }),
      })
    }
    return { findings, raw: { different: raw, asked, plain } }
  },
}

/** The answers to all questions, `atOnce` at a time, each under an account of its own. */
async function answersTo(
  asked: readonly string[],
  { chat }: HostClient,
  atOnce: number,
  signal: AbortSignal,
): Promise<string[]> {
  const answers: string[] = []
  const left = [...asked.entries()]
  async function work(): Promise<void> {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [i, question] = next
      answers[i] = (await chat(question, { account: `asker ${i}`, outputTokens: MOST_TOKENS, signal })).text
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return answers
}
