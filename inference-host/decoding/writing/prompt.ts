import { TwohopError } from '../../../shared/errors.ts'
import { imagesOf, textOf } from '../../../shared/openai/content.ts'
import type { Tool } from '../../../shared/openai/structure.ts'
import { parseJson } from '../../../shared/parse-json.ts'
import type { LoadedText } from '../../device/load.ts'
import { type Spend, textTokensOf } from '../../tokens/text-tokens.ts'
import { SEND_LESS } from '../../work/limits.ts'
import type { Work } from '../../work/work.ts'
import { promptWithTools, type TemplateInput, type ToolChatMessage } from '../structure/tool-prompt.ts'
import { createGaps, type Gaps } from './gaps.ts'

type Model = Pick<LoadedText, 'tokenizer' | 'context'>
type Chat = Extract<Work, { kind: 'chat' }>

/** How a model that sees has images in its prompt: `mark` is what its template writes for one, `texts` what stands for each. */
export type Shown = { mark: string; texts: readonly string[] }

/**
 * The token ids of a chat, laid out by the model's own template and ended where the answer begins. The marks in it are
 * the template's alone: what a client sent is text, whatever it reads like.
 * @throws TwohopError `invalid_request` where the model has no template, or its template refuses these messages
 * (some want user and assistant to take turns); `context_length_exceeded` where it is known to be too long before it is
 * read
 * @param spend told of the time that it takes, also where it is then refused
 */
export async function chatPrompt(
  { tokenizer, context }: Model,
  messages: Chat['messages'],
  {
    tools,
    toolChoice = 'auto',
    shown,
  }: Pick<Chat, 'tools' | 'toolChoice'> & { shown?: Shown | undefined } = {},
  spend: Spend = () => {},
): Promise<number[]> {
  const began = performance.now()
  if (tokenizer.chat_template === null)
    throw new TwohopError(
      'invalid_request',
      'This model has no chat template; it completes text at /v1/completions.',
      { param: 'model' },
    )
  const texts = messages.map(({ content }) => textOf(content))
  refuseLong({ tokenizer, context }, texts, 'messages')
  if (!shown && messages.some(({ content }) => imagesOf(content).length > 0))
    throw new TwohopError('invalid_request', 'This model reads no images.', { param: 'messages' })
  const tokens = textTokensOf(tokenizer)
  const gaps = createGaps(tokens.marks, { texts, messages: messages.map(withoutContent), tools })
  const plain = rendered({ tokenizer, messages, tools, toolChoice, gaps, inParts: shown !== undefined })
  const text = shown ? withImages(plain, shown) : plain
  spend(performance.now() - began)
  const { ids } = await tokens.marked(text, gaps.gap, { around: false, most: context, spend })
  return ids
}

/**
 * A text with what stands for each image in the place of its mark. No other mark is there: what was sent has gaps.
 * @throws TwohopError invalid_request where the template has no place for one
 */
function withImages(text: string, { mark, texts }: Shown): string {
  const [first = '', ...rest] = text.split(mark)
  if (rest.length === texts.length) return rest.reduce((all, one, i) => all + texts[i] + one, first)
  throw new TwohopError('invalid_request', "The model's chat template has no place for these images.", {
    param: 'messages',
  })
}

/** The text of a chat, as the template writes it, with gaps in what was sent. */
function rendered({
  tokenizer,
  messages,
  tools,
  toolChoice,
  gaps,
  inParts,
}: {
  tokenizer: Model['tokenizer']
  messages: Chat['messages']
  tools: Chat['tools']
  toolChoice: NonNullable<Chat['toolChoice']>
  gaps: Gaps
  inParts: boolean
}): string {
  try {
    const template = tokenizer.get_chat_template(tools ? { tools: [...tools] } : {})
    const own = messages.map((message) => gapped(message, gaps))
    const offered = tools?.map((tool) => gappedTool(tool, gaps))
    const input = promptWithTools(own, offered, toolChoice, template)
    const templating: Templating = tokenizer
    const text = templating.apply_chat_template(
      input.messages.map((message) => {
        const given = gappedCalls(message, gaps)
        return inParts ? { ...given, content: contentParts(message.content, gaps.image) } : given
      }),
      {
        add_generation_prompt: true,
        tokenize: false,
        chat_template: template,
        ...(input.tools && { tools: [...input.tools] }),
      },
    )
    if (typeof text !== 'string') throw new TypeError('a template gives text')
    return text
  } catch (cause) {
    throw new TwohopError('invalid_request', "The model's chat template refuses these messages.", {
      param: 'messages',
      cause,
    })
  }
}

function gapped(message: Chat['messages'][number], gaps: Gaps): ToolChatMessage {
  if (!('tool_calls' in message)) {
    const { content } = message
    if (typeof content === 'string') return { ...message, content: gaps.text(content) }
    const said = content.map((part) => (part.type === 'text' ? gaps.text(part.text) : gaps.image))
    return { role: 'user', content: said.join('') }
  }
  return {
    ...message,
    content: message.content === null ? null : gaps.text(message.content),
    tool_calls: message.tool_calls.map((call) => {
      const { name, arguments: given } = call.function
      const json = parseJson(given) !== undefined
      return { ...call, function: { name, arguments: json ? gaps.jsonText(given) : gaps.text(given) } }
    }),
  }
}

function gappedTool(tool: Tool, gaps: Gaps): Tool {
  const { description, parameters } = tool.function
  return {
    ...tool,
    function: {
      ...tool.function,
      ...(description !== undefined && { description: gaps.text(description) }),
      ...(parameters && { parameters: gaps.record(parameters) }),
    },
  }
}

/** Arguments that were parsed for the template: only now is known what their texts say. */
function gappedCalls(message: TemplateInput['messages'][number], gaps: Gaps): object {
  if (!('tool_calls' in message)) return message
  const calls = message.tool_calls.map((call) => ({
    ...call,
    function: { ...call.function, arguments: gaps.json(call.function.arguments) },
  }))
  return { ...message, tool_calls: calls }
}

const withoutContent = ({ content: _, ...rest }: Chat['messages'][number]) => rest

/** A content as the list of parts that templates of models that see take. `image` stands for an image in it. */
function contentParts(content: string, image: string): object[] {
  const parts = content
    .split(image)
    .flatMap((text, i) => [
      ...(i > 0 ? [{ type: 'image' }] : []),
      ...(text === '' ? [] : [{ type: 'text', text }]),
    ])
  // Some templates look at the first part without asking whether there is one.
  return parts.length > 0 ? parts : [{ type: 'text', text: '' }]
}

/**
 * The methods of a tokenizer that are called. The library's types know fewer fields of messages than templates take.
 */
type Templating = { apply_chat_template(messages: object[], options: object): unknown }

/**
 * The token ids of a text to be continued, with the model's own start mark where it has one. Nothing in the text itself
 * is a mark.
 * @throws TwohopError `invalid_request` where there is not one token; `context_length_exceeded` where it is known to be
 * too long before it is read
 */
export async function textPrompt(
  { tokenizer, context }: Model,
  text: string,
  spend: Spend = () => {},
): Promise<number[]> {
  refuseLong({ tokenizer, context }, [text], 'prompt')
  const { ids } = await textTokensOf(tokenizer).plain(text, { around: true, most: context, spend })
  if (ids.length === 0)
    throw new TwohopError('invalid_request', 'Expected at least one token of prompt, found none.', {
      param: 'prompt',
    })
  return ids
}

/** Refuses, before any work, texts of more bytes than a whole context of the longest tokens holds. */
function refuseLong({ tokenizer, context }: Model, texts: readonly string[], param: string): void {
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  const least = textTokensOf(tokenizer).least(bytes)
  if (least <= context) return
  throw new TwohopError(
    'context_length_exceeded',
    `The prompt has at least ${least} tokens; the model holds ${context} of prompt and output together. ${SEND_LESS}`,
    { param },
  )
}
