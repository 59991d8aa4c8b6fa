import type { PreTrainedTokenizer } from '@huggingface/transformers'
import { ModelError } from './error.ts'

/** Tokens in a prompt beside the text's own: once per request, and per message or input. */
export type Overhead = { request: number; item: number }

type Role = 'system' | 'user' | 'assistant'
const ROLES: readonly Role[] = ['system', 'user', 'assistant']

/**
 * Every sequence of roles up to this length is rendered. A template does nothing later that it has not done by then.
 */
const LONGEST = 4

/** How a template takes a text: most as it is, those of models that see as a list of parts. */
type ContentOf = (text: string) => string | readonly object[]
const asText: ContentOf = (text) => text

const utf8 = new TextEncoder()
const bytesOf = (text: string) => utf8.encode(text).length

/**
 * Measures what a tokenizer and its chat template add to a text, so that for every sequence of roles that the
 * template accepts
 *
 *     tokens(prompt) <= UTF-8 bytes of all contents + request + item * messages
 *
 * and the same for inputs without a template. It holds for tokenizers that never make more tokens of a text than it
 * has bytes (`byteBoundBreaker` finds the others) and templates that treat a message by its role and place.
 *
 * How: a special token of the template is one token, since it splits the text before anything else does. Fixed
 * text between two of them is tokenized. Fixed text that touches a content is counted in bytes, because the two
 * may be cut into tokens together, and a longer text can have more tokens than its parts.
 *
 * @param contentOf how the template takes a text
 * @throws ModelError `template_unsupported` when no conversation renders, or a content appears twice.
 */
export function measureOverhead(tokenizer: PreTrainedTokenizer, contentOf: ContentOf = asText): Overhead {
  const bare = tokenizer.encode('').length + opening(tokenizer)
  if (!tokenizer.chat_template) return { request: 0, item: bare }

  const cost = templateCost(tokenizer, contentOf)
  const costs = new Map<string, number>()
  for (const roles of sequences(LONGEST)) {
    const tokens = cost(roles)
    if (tokens !== undefined) costs.set(roles.join(' '), tokens)
  }
  if (costs.size === 0)
    throw new ModelError(
      'template_unsupported',
      'the chat template renders no conversation of up to 4 messages',
    )

  const lengthOf = (key: string) => key.split(' ').length
  let item = 0
  for (const [key, tokens] of costs)
    for (const [longer, more] of costs)
      if (longer.startsWith(`${key} `))
        item = Math.max(item, Math.ceil((more - tokens) / (lengthOf(longer) - lengthOf(key))))
  // A raw prompt (completions) is one item without the template.
  let request = Math.max(0, bare - item)
  for (const [key, tokens] of costs) request = Math.max(request, tokens - item * lengthOf(key))
  return { request, item }
}

function* sequences(longest: number): Generator<Role[]> {
  if (longest === 0) return
  for (const role of ROLES) yield [role]
  for (const shorter of sequences(longest - 1)) for (const role of ROLES) yield [...shorter, role]
}

/** Tokens that a text can have beyond its bytes because a section of text is opened with a space of its own. */
function opening(tokenizer: PreTrainedTokenizer): number {
  // Characters that hardly any vocabulary holds, so that each of their bytes becomes a token.
  const rare = ['\u{10FFFD}', '\u{1D7FF}', '\uFFFE', '~']
  const excess = rare.map((text) => textTokens(tokenizer, text) - bytesOf(text))
  return Math.max(0, ...excess)
}

function textTokens(tokenizer: PreTrainedTokenizer, text: string): number {
  return text === '' ? 0 : tokenizer.encode(text, { add_special_tokens: false }).length
}

/** The tokens a template adds to a conversation with these roles; undefined where the template refuses them. */
function templateCost(
  tokenizer: PreTrainedTokenizer,
  contentOf: ContentOf,
): (roles: readonly Role[]) => number | undefined {
  const splitters = splittingTokens(tokenizer)
  const open = opening(tokenizer)
  return (roles) => {
    const texts = roles.map((_, i) => `\uE000${i}\uE001`)
    const messages = roles.map((role, i) => ({ role, content: contentOf(texts[i] ?? '') }))
    const rendered = renderedBy(tokenizer, messages)
    if (rendered === undefined) return undefined
    for (const content of texts)
      if (rendered.split(content).length > 2)
        throw new ModelError('template_unsupported', 'the chat template repeats the content of a message')
    let tokens = 0
    for (const [i, section] of rendered.split(splitters).entries()) {
      const fixed = section.replaceAll(/\uE000\d+\uE001/gu, '')
      if (i % 2 === 1) tokens += 1
      else if (fixed === section) tokens += textTokens(tokenizer, section)
      else tokens += bytesOf(fixed) + open
    }
    return tokens
  }
}

/** The library's types know contents of text only. */
type Rendering = { apply_chat_template(messages: object[], options: object): unknown }

function renderedBy(tokenizer: Rendering, messages: object[]): string | undefined {
  try {
    const text = tokenizer.apply_chat_template(messages, { tokenize: false, add_generation_prompt: true })
    return typeof text === 'string' ? text : undefined
  } catch {
    return undefined
  }
}

/** A text as the one part of a content, as templates of models that see want it. */
export const asPart = (text: string) => [{ type: 'text', text }]

/**
 * Measures what a template writes around an image beside the mark that stands for it, in tokens, wherever it is among texts.
 * @param mark what it writes for an image
 * @throws ModelError `template_unsupported` where it writes none, or more than one
 */
export function measureAroundImage(tokenizer: PreTrainedTokenizer, mark: string): number {
  const cost = (contentOf: ContentOf) => templateCost(tokenizer, contentOf)(['user'])
  const image = { type: 'image' }
  const plain = cost(asPart)
  const shown = [cost((text) => [image, ...asPart(text)]), cost((text) => [...asPart(text), image])]
  const written = renderedBy(tokenizer, [{ role: 'user', content: [image, ...asPart('')] }])
  if (plain === undefined || shown.includes(undefined) || written?.split(mark).length !== 2)
    throw new ModelError('template_unsupported', `the chat template does not write ${mark} where an image is`)
  return Math.max(...shown.map((tokens = 0) => tokens - plain - 1), 0)
}

/**
 * A pattern for the added tokens that always stand alone, longest first. It leaves out those that go through the
 * normalizer. It also leaves out those that another added token, starting in a content, could swallow the beginning of.
 */
function splittingTokens(tokenizer: PreTrainedTokenizer): RegExp {
  const added = [...tokenizer._tokenizer.get_added_tokens_decoder().values()]
  const swallowed = (content: string) =>
    added.some(({ content: other }) =>
      Array.from(content.slice(1), (_, k) => content.slice(0, k + 1)).some(
        (start) => other.length > start.length && other.endsWith(start),
      ),
    )
  const alone = added.filter((token) => !token.normalized && !swallowed(token.content))
  const patterns = alone
    .map((token) => token.content)
    .sort((a, b) => b.length - a.length)
    .map((content) => content.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
  return patterns.length > 0 ? new RegExp(`(${patterns.join('|')})`, 'u') : /(?!)/u
}

/**
 * Looks for a character that a tokenizer turns into more tokens than it has UTF-8 bytes. Only a normalizer can do that,
 * by writing a character as a longer text, so the characters that Unicode's normal forms or lowercase make longer are
 * tried. The host refuses a prompt of such characters (`prompt_exceeds_reservation`) rather than compute it unpaid.
 * @returns the worst character by tokens a byte, or undefined when there is none.
 */
export function byteBoundBreaker(
  tokenizer: PreTrainedTokenizer,
): { character: string; bytes: number; tokens: number } | undefined {
  const open = opening(tokenizer)
  let worst: { character: string; bytes: number; tokens: number } | undefined
  for (const character of growing()) {
    const bytes = bytesOf(character)
    const tokens = textTokens(tokenizer, character) - open
    if (tokens > bytes && (worst === undefined || tokens * worst.bytes > worst.tokens * bytes))
      worst = { character, bytes, tokens }
  }
  return worst
}

/** The last character that Unicode decomposes (CJK Compatibility Ideographs Supplement). */
const LAST_DECOMPOSED = 0x2fa1d
let growingCharacters: string[] | undefined

function growing(): string[] {
  if (growingCharacters) return growingCharacters
  growingCharacters = []
  for (let point = 0x80; point <= LAST_DECOMPOSED; point++) {
    // The 11,172 Hangul syllables all fall into letters in the same way: one in 97 stands for them.
    if (point >= 0xac00 && point <= 0xd7a3 && point % 97 !== 0) continue
    if (point >= 0xd800 && point <= 0xdfff) continue
    const character = String.fromCodePoint(point)
    // NFKD is the longest normal form, except for a few characters where composing undoes more than it does.
    const forms = [character.normalize('NFKD'), character.normalize('NFC'), character.toLowerCase()]
    if (forms.some((form) => form !== character && bytesOf(form) > bytesOf(character)))
      growingCharacters.push(character)
  }
  return growingCharacters
}
