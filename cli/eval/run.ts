import { type AskChat, Unanswered } from './ask.ts'
import { isGood } from './score.ts'
import type { Case, Suite } from './suite.ts'
import { wilson } from './wilson.ts'

/** What a model or a version made of the cases. */
export type Result = {
  model: string
  version: string | undefined
  good: number
  all: number
  /** Cases that got no answer, which count as bad ones. */
  unanswered: number
  share: number
  /** 95 per cent, by Wilson. */
  interval: [number, number]
  /** Names, or numbers from 1, of the cases whose answers were bad. */
  bad: string[]
}

type Options = {
  ask: AskChat
  /** Cases under way at once. */
  atOnce: number
  signal: AbortSignal
  /** Told how many of all have been asked. */
  progress: (done: number, all: number) => void
}

/** Asks each model and version all cases. @throws what `ask` throws but Unanswered; the signal's reason */
export async function runSuite(suite: Suite, { ask, atOnce, signal, progress }: Options): Promise<Result[]> {
  const all = suite.asked.length * suite.cases.length
  let done = 0

  async function goodAt(whom: Suite['asked'][number], one: Case): Promise<boolean | undefined> {
    signal.throwIfAborted()
    try {
      return await isGood(await ask(whom, one.messages, one.max_tokens), one, ask, signal)
    } catch (error) {
      if (error instanceof Unanswered) return undefined
      throw error
    } finally {
      progress(++done, all)
    }
  }

  async function resultOf(whom: Suite['asked'][number]): Promise<Result> {
    const found: (boolean | undefined)[] = []
    const left = [...suite.cases.entries()]
    const work = async () => {
      for (let next = left.shift(); next; next = left.shift()) found[next[0]] = await goodAt(whom, next[1])
    }
    await Promise.all(Array.from({ length: atOnce }, work))
    const good = found.filter((one) => one === true).length
    return {
      model: whom.model,
      version: whom.version,
      good,
      all: found.length,
      unanswered: found.filter((one) => one === undefined).length,
      share: good / found.length,
      interval: wilson(good, found.length),
      bad: suite.cases.flatMap(({ name }, i) => (found[i] === true ? [] : [name ?? String(i + 1)])),
    }
  }

  const results: Result[] = []
  for (const whom of suite.asked) results.push(await resultOf(whom))
  return results
}
