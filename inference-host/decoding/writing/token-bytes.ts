import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { TokenLogprob } from '../../../shared/openai/chat.ts'
import type { LoadedText } from '../../device/load.ts'
import type { ChosenToken } from '../sampling/sampler.ts'
import { createMatchers, type Matchers } from '../structure/matchers.ts'
import { writesCalls } from '../structure/tool-prompt.ts'
import { readVocabulary, type Vocabulary } from '../structure/vocabulary.ts'
import { textRulesOf } from './answer-text.ts'

/** A model's tokens in bytes, and the uses of knowing them. */
export type TokenBytes = {
  /** @throws TwohopError `invalid_request` where the tokenizer does not work on bytes, or no whole answer fits. */
  follow: Matchers['follow']
  /** A chosen token's log probabilities as answers have them; undefined where none were asked for. */
  logprob(token: ChosenToken): TokenLogprob | undefined
}

/**
 * Reads the bytes of a model's tokens.
 * @param size How many ids the model's logits have.
 */
export async function readTokenBytes(
  folder: string,
  loaded: Pick<LoadedText, 'tokenizer' | 'defaults'>,
  size: number,
): Promise<TokenBytes> {
  const file: unknown = JSON.parse(await readFile(path.join(folder, 'tokenizer.json'), 'utf8'))
  let vocabulary: Vocabulary | undefined
  let follow: Matchers['follow']
  try {
    vocabulary = readVocabulary(file, size)
    const stopTokens = [...textRulesOf(loaded).ends]
    follow = createMatchers({ vocabulary, stopTokens, knowsCalls: knowsCalls(loaded.tokenizer) }).follow
  } catch (refused) {
    follow = () => {
      throw refused
    }
  }

  function entry({ id, logprob }: { id: number; logprob: number }) {
    const bytes =
      vocabulary?.tokens[id] ??
      Buffer.from(
        loaded.tokenizer.decode([id], { skip_special_tokens: false, clean_up_tokenization_spaces: false }),
      )
    return { token: Buffer.from(bytes).toString(), logprob: Math.max(logprob, LEAST), bytes: [...bytes] }
  }

  return {
    follow,
    logprob({ id, logprobs }) {
      if (logprobs === undefined) return undefined
      return { ...entry({ id, logprob: logprobs.logprob }), top_logprobs: logprobs.top.map(entry) }
    },
  }
}

/** Whether the model's chat template shows that it was trained on calls. */
function knowsCalls(tokenizer: LoadedText['tokenizer']): boolean {
  if (tokenizer.chat_template === null) return false
  try {
    return writesCalls(tokenizer.get_chat_template({ tools: [] }))
  } catch {
    // Of several templates none is the one to take, which a chat is refused for.
    return false
  }
}

/** Stands for what has no finite logarithm, as in OpenAI's answers: JSON has no infinity. */
const LEAST = -9999
