import type { TokenLogprob } from '../../shared/openai/chat.ts'

type Held = { text: string; logprobs: TokenLogprob[] }

/**
 * Holds back text that is only space, until something shows whether it belongs to a text. A host's whole answer leaves out
 * space that stands alone beside calls, so its stream has to wait with it.
 */
export function createHeldSpace() {
  let held: Held = { text: '', logprobs: [] }

  function take(): Held {
    const all = held
    held = { text: '', logprobs: [] }
    return all
  }

  return {
    /** Whether nothing is held. */
    get isEmpty() {
      return held.text === '' && held.logprobs.length === 0
    },
    /** Whether there is no more than space. */
    get isSpace() {
      return held.text.trim() === ''
    },
    add(text: string, logprobs: readonly TokenLogprob[] = []): void {
      held.text += text
      held.logprobs.push(...logprobs)
    },
    /** All that is held; nothing is, after that. */
    take,
  }
}
