import type { LoadedText } from '../../device/load.ts'
import { chatPrompt, textPrompt } from './prompt.ts'

/** Two texts that no tokenizer begins alike. */
const OTHERS = ['A', '9'] as const

/**
 * The token sequences at the start of prompts that begin with one of `texts`, as a chat's system text or as a text to
 * continue. Tokens that depend on the text after them are left out. The chat is left out where the model has no
 * template, or a template that takes no system text.
 */
export async function publicPrefixes(
  loaded: Pick<LoadedText, 'tokenizer' | 'context'>,
  texts: readonly string[],
): Promise<number[][]> {
  const all = (layOut: (other: string) => Promise<number[]>) => Promise.all(OTHERS.map(layOut)).then(common)
  const chat = (system: string) =>
    all((content) =>
      chatPrompt(loaded, [
        { role: 'system', content: system },
        { role: 'user', content },
      ]),
    )
  const text = (prefix: string) => all((other) => textPrompt(loaded, prefix + other))
  const laidOut = texts.flatMap((one) => [chat, text].map((layOut) => layOut(one).catch(() => [])))
  return (await Promise.all(laidOut)).filter(({ length }) => length > 0)
}

/** What all the sequences begin with. */
function common([first = [], ...others]: readonly (readonly number[])[]): number[] {
  const differs = first.findIndex((id, i) => others.some((other) => other[i] !== id))
  return first.slice(0, differs < 0 ? first.length : differs)
}
