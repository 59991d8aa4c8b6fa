import { resolve } from 'node:path'
import { type Automaton, createAutomaton } from '../../inference-host/decoding/structure/automaton.ts'
import { compileStructure } from '../../inference-host/decoding/structure/compile.ts'
import type { Program } from '../../inference-host/decoding/structure/grammar/program.ts'
import type { Structured } from '../../inference-host/decoding/structure/matcher.ts'
import type { Vocabulary } from '../../inference-host/decoding/structure/vocabulary.ts'
import { createMemory } from '../../inference-host/platform/memory.ts'
import { HERE } from '../../local/here.ts'
import { TwohopError } from '../../shared/errors.ts'
import {
  accepts,
  bindProgram,
  schemaStructure,
  vocabularyOf,
  written,
} from '../../test/fixtures/structure/drive.ts'
import { percentile } from '../kit.ts'
import type { BenchOptions } from '../options.ts'
import { declaredWhereTheyStand } from './declared.ts'
import { type MaskBenchCase, readMaskBench } from './maskbench.ts'
import { declaredOnly, orderedText, tokensOf, withoutFormats } from './spelling.ts'

export type StructureBenchOptions = Omit<BenchOptions, 'rounds'> & {
  /** MaskBench cases, one a line of JSON; gzip is read too. */
  data: string
  /** A model's folder, whose tokens are masked. */
  model: string
  /** Of so many cases, one is taken. */
  every: number
  /** The place of the first that is taken, from 0. */
  from: number
  /** Say of each value what became of it. */
  verbose: boolean
}

type Compiled = { structured: Structured; program: Program }

/** Bytes of what is learned about one structure as values are tried. */
const MOST_BYTES = 64 * 2 ** 20

/** Tokens of one value whose masks are timed. */
const MOST_TOKENS = 400

/**
 * Runs MaskBench: how many schemas are accepted, whether a value that is not valid could be written, how many valid ones
 * could not, and the milliseconds of a compilation (by the clock, and of the CPU) and of a mask.
 * @throws Error where the file or the model cannot be read, or `signal` is aborted
 */
export async function structureBench(options: StructureBenchOptions): Promise<unknown> {
  const { json, data, model, every, from, progress, signal, verbose } = options
  const cases = readMaskBench(resolve(HERE, data)).filter(
    (_, place) => place >= from && (place - from) % every === 0,
  )
  const vocabulary = vocabularyOf(resolve(HERE, model))
  progress(`${cases.length} schemas, ${vocabulary.tokens.length} tokens`)
  const times = { compile: [] as number[], cpu: [] as number[], mask: [] as number[] }
  const counts = {
    accepted: 0,
    valid: 0,
    asSaid: 0,
    inOrder: 0,
    declared: 0,
    placed: 0,
    formats: 0,
    invalid: 0,
    wrong: 0,
  }
  const refused = new Map<string, number>()
  for (const [place, one] of cases.entries()) {
    if (place % 200 === 0) {
      // Lets Ctrl-C in.
      await new Promise((done) => setImmediate(done))
      signal.throwIfAborted()
      if (place > 0) progress(`${place} of ${cases.length}`)
    }
    const found = compiled(one)
    if (found === undefined) continue
    counts.accepted++
    const memory = createMemory(MOST_BYTES)
    const automaton = createAutomaton({ program: found.program, vocabulary, memory, most: MOST_BYTES })
    for (const { valid, data: value } of one.tests) checkValue(one, found.structured, automaton, valid, value)
  }
  const share = (part: number, of: number) => Number(((100 * part) / of).toFixed(2))
  const result = {
    schemas: cases.length,
    accepted: counts.accepted,
    accepted_percent: share(counts.accepted, cases.length),
    invalid_values: counts.invalid,
    invalid_written: counts.wrong,
    valid_values: counts.valid,
    // As its author wrote it; in the order of the schema; without the properties that no schema names.
    not_writable_percent: share(counts.valid - counts.asSaid, counts.valid),
    not_writable_in_order_percent: share(counts.valid - counts.inOrder, counts.valid),
    not_writable_declared_percent: share(counts.valid - counts.declared, counts.valid),
    // Without those that no schema declares where they stand.
    not_writable_placed_percent: share(counts.valid - counts.placed, counts.valid),
    // And without those that have a text of a narrower format than the schema's: docs/engine.md says which are written.
    not_writable_formats_aside_percent: share(counts.valid - counts.placed - counts.formats, counts.valid),
    compile_ms: percentiles(times.compile),
    compile_cpu_ms: percentiles(times.cpu),
    mask_ms: percentiles(times.mask),
    refused: Object.fromEntries([...refused].sort(([, a], [, b]) => b - a)),
  }
  if (!json) print(result)
  return result

  function compiled({ name, schema }: MaskBenchCase): Compiled | undefined {
    // By the clock, which is what a request waits, and of the whole process's CPU: machines are shared, and V8 compiles and
    // collects on threads of its own.
    const began = { at: performance.now(), cpu: process.cpuUsage() }
    try {
      const program = compileStructure(schemaStructure(schema))
      return { structured: bindProgram(program, vocabulary), program }
    } catch (error) {
      if (!(error instanceof TwohopError)) throw error
      const keyword = /[^.[\]"]+(?="?\]?$)/.exec(error.param ?? '')?.[0] ?? ''
      const why = /^\d+$/.test(keyword) ? 'a choice' : keyword
      refused.set(why, (refused.get(why) ?? 0) + 1)
      if (verbose) progress(`refused: ${name} ${error.param}: ${error.message}`)
      return undefined
    } finally {
      times.compile.push(performance.now() - began.at)
      const { user, system } = process.cpuUsage(began.cpu)
      times.cpu.push((user + system) / 1000)
    }
  }

  function checkValue(
    of: MaskBenchCase,
    structured: Structured,
    automaton: Automaton,
    valid: boolean,
    value: unknown,
  ): void {
    const text = written(value)
    const asSaid = accepts(structured, text, vocabulary)
    if (!valid) {
      counts.invalid++
      if (!asSaid) return
      counts.wrong++
      progress(`written and not valid: ${of.name} ${text.slice(0, 300)}`)
      return
    }
    counts.valid++
    if (asSaid) counts.asSaid++
    const ordered = asSaid ? text : orderedText(value, of.schema, automaton)
    if (ordered !== undefined) counts.inOrder++
    const declared = ordered ?? orderedText(declaredOnly(value, of.schema), of.schema, automaton)
    if (declared !== undefined) counts.declared++
    const placed = declared ?? orderedText(declaredWhereTheyStand(value, of.schema), of.schema, automaton)
    if (placed !== undefined) {
      counts.placed++
      timeMasks(structured, placed, vocabulary, times.mask)
      return
    }
    const aside = writableWith(withoutFormats(of.schema), value)
    if (aside) counts.formats++
    if (verbose) progress(`not writable${aside ? ' for its formats' : ''}: ${of.name} ${text.slice(0, 600)}`)
  }

  function writableWith(schema: unknown, value: unknown): boolean {
    try {
      const program = compileStructure(schemaStructure(schema))
      const memory = createMemory(MOST_BYTES)
      const automaton = createAutomaton({ program, vocabulary, memory, most: MOST_BYTES })
      return [value, declaredOnly(value, schema), declaredWhereTheyStand(value, schema)].some(
        (one) => orderedText(one, schema, automaton) !== undefined,
      )
    } catch (error) {
      if (error instanceof TwohopError) return false
      throw error
    }
  }
}

/** Follows a value token by token, as a model that writes it, and times each mask. */
function timeMasks(structured: Structured, text: string, vocabulary: Vocabulary, times: number[]): void {
  const mask = new Int32Array(Math.ceil(vocabulary.tokens.length / 32))
  const matcher = structured.start(1_000_000)
  for (const token of tokensOf(text, vocabulary).slice(0, MOST_TOKENS)) {
    const began = performance.now()
    matcher.next(mask, 100_000)
    times.push(performance.now() - began)
    matcher.accept(token)
  }
}

function percentiles(ms: readonly number[]): { p50: number; p99: number; max: number } {
  const at = (part: number) => Number(percentile(ms, part).toFixed(3))
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}

type Result = { refused: Record<string, number>; [name: string]: unknown }

function print({ refused, compile_ms, compile_cpu_ms, mask_ms, ...figures }: Result): void {
  console.table(figures)
  console.table({ compile_ms, compile_cpu_ms, mask_ms })
  console.table(refused)
}
