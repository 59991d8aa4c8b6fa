import { brokeOff } from './broke-off.ts'

/** Token counts under OpenAI's names. */
export type Counts = { prompt_tokens: number; completion_tokens: number }

/** Counts what a stream says that was produced: by the host's counts, and one token for each event since the last of them. */
export type Counter = {
  /**
   * Takes the usage of an event.
   * @returns its counts, where it has some
   * @throws TwohopError host_failed for counts that are none
   */
  take(usage: unknown): Counts | undefined
  /** Takes events that have no usage. */
  add(events: number): void
  /** The last counts, if no event without any came after them. */
  readonly final: Counts | undefined
  /** What has been produced; undefined while nothing was. */
  readonly seen: Counts | undefined
}

/** @param promptTokens the prompt's most, which counts until the host says how many they are */
export function createCounter(promptTokens: number): Counter {
  let counts: Counts | undefined
  /** Events since the last event with a usage. */
  let uncounted = 0

  return {
    take(usage) {
      const said = countsOf(usage)
      counts = said ?? counts
      uncounted = said ? 0 : uncounted + 1
      return said
    },
    add(events) {
      uncounted += events
    },
    get final() {
      return uncounted === 0 ? counts : undefined
    },
    get seen() {
      if (!counts && uncounted === 0) return undefined
      return {
        prompt_tokens: counts?.prompt_tokens ?? promptTokens,
        completion_tokens: (counts?.completion_tokens ?? 0) + uncounted,
      }
    },
  }
}

function countsOf(usage: unknown): Counts | undefined {
  if (typeof usage !== 'object' || usage === null) return undefined
  const { prompt_tokens, completion_tokens } = usage as Record<string, unknown>
  if (!isCount(prompt_tokens) || !isCount(completion_tokens)) throw brokeOff()
  return { prompt_tokens, completion_tokens }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0
