import { TwohopError } from '../../../shared/errors.ts'
import type { LoadedText } from '../../device/load.ts'
import type { Work } from '../../work/work.ts'
import { promptWithTools } from '../structure/tool-prompt.ts'

/**
 * The token ids of a chat, laid out by the model's own template and ended where the answer begins.
 * @throws TwohopError `invalid_request` where the model has no template, or its template refuses these messages
 * (some want user and assistant to take turns).
 */
export function chatPrompt(
  { tokenizer }: Pick<LoadedText, 'tokenizer'>,
  messages: Chat['messages'],
  { tools, toolChoice = 'auto' }: Pick<Chat, 'tools' | 'toolChoice'> = {},
): number[] {
  if (tokenizer.chat_template === null)
    throw new TwohopError(
      'invalid_request',
      'This model has no chat template; it completes text at /v1/completions.',
      { param: 'model' },
    )
  try {
    const template = tokenizer.get_chat_template(tools ? { tools: [...tools] } : {})
    const input = promptWithTools(messages, tools, toolChoice, template)
    const templating: Templating = tokenizer
    const text = templating.apply_chat_template([...input.messages], {
      add_generation_prompt: true,
      tokenize: false,
      chat_template: template,
      ...(input.tools && { tools: [...input.tools] }),
    })
    if (typeof text !== 'string') throw new TypeError('a template gives text')
    return tokenizer.encode(text, { add_special_tokens: false })
  } catch (cause) {
    throw new TwohopError('invalid_request', "The model's chat template refuses these messages.", {
      param: 'messages',
      cause,
    })
  }
}

type Chat = Extract<Work, { kind: 'chat' }>

/**
 * The methods of a tokenizer that are called. The library's types know fewer fields of messages than templates take.
 */
type Templating = { apply_chat_template(messages: object[], options: object): unknown }

/**
 * The token ids of a text to be continued, with the model's own start mark where it has one.
 * @throws TwohopError `invalid_request` where there is not one token.
 */
export function textPrompt({ tokenizer }: Pick<LoadedText, 'tokenizer'>, text: string): number[] {
  const ids = tokenizer.encode(text, { add_special_tokens: true })
  if (ids.length === 0) throw new TwohopError('invalid_request', 'The prompt is empty.', { param: 'prompt' })
  return ids
}
