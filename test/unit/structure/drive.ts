import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import path from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { compileStructure } from '../../../inference-host/decoding/structure/compile.ts'
import {
  bindStructure,
  type Matcher,
  type Structured,
} from '../../../inference-host/decoding/structure/matcher.ts'
import type { Structure } from '../../../inference-host/decoding/structure/structure.ts'
import { readVocabulary, type Vocabulary } from '../../../inference-host/decoding/structure/vocabulary.ts'

/** The stop token of the models used in tests. */
export const STOP = 2

export function vocabularyOf(folder: string): Vocabulary {
  const read = (name: string) => JSON.parse(readFileSync(path.join(folder, name), 'utf8'))
  return readVocabulary(read('tokenizer.json'), read('config.json').vocab_size)
}

export function bind(structure: Structure, vocabulary: Vocabulary): Structured {
  return bindStructure({ program: compileStructure(structure), vocabulary, stopTokens: [STOP] })
}

export function schemaStructure(schema: unknown): Structure {
  return { kind: 'json_schema', schema, path: ['schema'] }
}

/** Chooses among the allowed tokens; it may look at nothing else, as a model's logits may be anything. */
export type Model = (allowed: readonly number[]) => number

/** Every allowed token is as likely. */
export function uniform(random: () => number): Model {
  return (allowed) => allowed[Math.floor(random() * allowed.length)] ?? STOP
}

const marked = new WeakMap<Vocabulary, Map<string, Uint8Array>>()

/** Which tokens hold what `pattern` looks for; looked up once for each vocabulary. */
function tokensWith(pattern: RegExp, vocabulary: Vocabulary): Uint8Array {
  const known = marked.get(vocabulary) ?? new Map<string, Uint8Array>()
  marked.set(vocabulary, known)
  const holds = (bytes: Uint8Array | undefined) => pattern.test(Buffer.from(bytes ?? []).toString())
  const marks =
    known.get(pattern.source) ?? Uint8Array.from(vocabulary.tokens, (bytes) => Number(holds(bytes)))
  known.set(pattern.source, marks)
  return marks
}

/** Never stops or closes anything while there is something else to say. */
export function endless(random: () => number, vocabulary: Vocabulary): Model {
  const closing = tokensWith(/["\]}]/, vocabulary)
  const closes = (id: number) => id === STOP || closing[id] === 1
  const model = uniform(random)
  return (allowed) => {
    const open = allowed.filter((id) => !closes(id))
    return model(open.length > 0 ? open : allowed)
  }
}

/** Opens whatever it can: objects, arrays, names. */
export function opening(random: () => number, vocabulary: Vocabulary): Model {
  const marks = tokensWith(/[[{]|"[a-z_]/, vocabulary)
  const opens = (id: number) => marks[id] === 1
  const model = uniform(random)
  return (allowed) => {
    const open = allowed.filter(opens)
    return model(open.length > 0 ? open : allowed)
  }
}

/** Stops as soon as it may, and takes bytes one at a time. */
export function hasty(random: () => number, { tokens }: Vocabulary): Model {
  const model = uniform(random)
  return (allowed) => {
    if (allowed.includes(STOP)) return STOP
    const short = allowed.filter((id) => tokens[id]?.length === 1)
    return model(short.length > 0 ? short : allowed)
  }
}

/**
 * Generates one answer of at most `maxTokens` tokens, the stop token included.
 * @throws Error where no token is allowed, the budget runs out before the answer ends, or the text is no UTF-8.
 */
export function generate(matcher: Matcher, vocabulary: Vocabulary, model: Model, maxTokens: number): string {
  const mask = new Int32Array(Math.ceil(vocabulary.tokens.length / 32))
  const bytes: number[] = []
  for (let left = maxTokens; left > 0; left--) {
    matcher.next(mask, left)
    const allowed: number[] = []
    for (const [place, word] of mask.entries())
      for (let rest = word; rest !== 0; rest &= rest - 1)
        allowed.push(place * 32 + 31 - Math.clz32(rest & -rest))
    if (allowed.length === 0) throw new Error(`nothing is allowed after ${Buffer.from(bytes)}`)
    const token = model(allowed)
    matcher.accept(token)
    if (matcher.terminated) return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes))
    bytes.push(...(vocabulary.tokens[token] ?? []))
  }
  throw new Error(`cut off after ${Buffer.from(bytes)}`)
}

/** A validator that knows the formats by other means than the grammars do. */
export function validator(): Ajv2020 {
  const ajv = new Ajv2020({ strict: false, logger: false, validateSchema: false })
  const day = (text: string) => new Date(`${text}T00:00:00Z`).toISOString().startsWith(text)
  const clock = /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/i
  ajv.addFormat('date', day)
  ajv.addFormat('time', clock)
  ajv.addFormat(
    'date-time',
    (text: string) => day(text.slice(0, 10)) && text[10] === 'T' && clock.test(text.slice(11)),
  )
  ajv.addFormat('duration', /^P(?!$)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?$/)
  ajv.addFormat('email', /^[^\s@"<>]{1,64}@[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+$/)
  ajv.addFormat(
    'hostname',
    (text: string) => text.length <= 253 && new URL(`http://h.${text}x/`).hostname.length > 0,
  )
  ajv.addFormat('ipv4', (text: string) => isIP(text) === 4)
  ajv.addFormat('ipv6', (text: string) => isIP(text) === 6)
  ajv.addFormat('uri', (text: string) => URL.canParse(text))
  ajv.addFormat('uuid', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  return ajv
}
