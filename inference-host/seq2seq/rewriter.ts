import { setImmediate } from 'node:timers/promises'
import { BATCH, chooseBatch } from '../encoding/choose.ts'
import type { TokenBytes } from './cache.ts'
import type { ChooseToken } from './choose-token.ts'
import type { EncoderDecoder, Step } from './encoder-decoder.ts'
import { type Group, inStep, join, keep } from './group.ts'
import { mayBegin } from './plan.ts'

/** What was computed for a text; `computeMs` is its share of each call that it had a part in, unrounded. */
export type RewriteEnd = { computeMs: number } & (
  | { how: 'finished' }
  | { how: 'stopped' }
  | { how: 'failed'; cause: unknown }
)

/** One text to write anew. Nothing is called after `ended`, which comes once, whatever happens. */
export type RewriteRequest = {
  /** The text's token ids, at least one. */
  text: readonly number[]
  /** The most tokens to write, at least 1. */
  most: number
  /** Whether those that wait beside it go first. */
  background?: boolean | undefined
  choose: ChooseToken
  /** Takes each token as it comes; true ends the text. `last` says that `most` is reached: it ends either way. */
  take(id: number, last: boolean): boolean
  /** Asked before each call; true ends the text there. */
  stopped(): boolean
  /** The text is being read. */
  started(): void
  ended(end: RewriteEnd): void
}

/** Writes many texts at once on one model. */
export type Rewriter = {
  /** Takes a request; all its calls come later. */
  submit(request: RewriteRequest): void
  stats(): RewriterStats
}

/** Texts that wait and that are being written now, the bytes that their caches may come to, and calls so far. */
export type RewriterStats = {
  waiting: number
  writing: number
  memoryUsed: number
  memoryLimit: number
  /** Calls of the decoder alone, and the rows in them. */
  steps: number
  stepRows: number
}

type Options = {
  model: Pick<EncoderDecoder, 'read' | 'step'>
  /** The token that the decoder starts with. */
  start: number
  /** What a token takes in the caches. */
  bytes: TokenBytes
  /** Bytes for the caches of all; one text alone is written in any case. */
  memoryBytes: number
  /** Milliseconds on a steady clock. */
  now: () => number
}

/** A text on its way. */
type Row = {
  readonly request: RewriteRequest
  /** The token that it wrote last, and how many these are. */
  last: number
  count: number
  paused: number
  computeMs: number
  over: boolean
}

/**
 * A rewriter on `model`. Texts of like length are read together; they leave between two steps, and newcomers catch up with
 * those that are under way (see `mayBegin`).
 */
export function createRewriter({ model, start, bytes, memoryBytes, now }: Options): Rewriter {
  let waiting: Row[] = []
  /** The youngest first; two at most. */
  let groups: Group<Row>[] = []
  let working = false
  let steps = 0
  let stepRows = 0

  const underWay = () => groups.flatMap(({ members }) => members)

  /**
   * What rows take at their longest: padded to the longest of all, what is written twice, as it is before a step and after,
   * and one row more, for those that are copied while rows leave and join.
   */
  function need(rows: readonly Row[]): number {
    if (rows.length === 0) return 0
    const longest = Math.max(...rows.map(({ request }) => request.text.length))
    const most = Math.max(...rows.map(({ request }) => request.most))
    return (rows.length + 1) * (longest * bytes.read + 2 * most * bytes.written)
  }

  function settle(row: Row, end: { how: 'finished' | 'stopped' } | { how: 'failed'; cause: unknown }): void {
    if (row.over) return
    row.over = true
    row.request.ended({ computeMs: row.computeMs, ...end })
  }

  /** Lets those go that are over or were told to stop. */
  function sweep(): void {
    for (const row of [...waiting, ...underWay()]) if (row.request.stopped()) settle(row, { how: 'stopped' })
    waiting = waiting.filter(({ over }) => !over)
    groups = groups.flatMap((group) => keep(group, ({ over }) => !over) ?? [])
  }

  /**
   * Those that wait and fit into memory beside the others, in order of arrival: nobody overtakes, but what is in the
   * background lets all others go first.
   */
  function admissible(): Row[] {
    const rows = underWay()
    const inBackground = ({ request }: Row) => request.background === true
    const line = [...waiting.filter((row) => !inBackground(row)), ...waiting.filter(inBackground)]
    const first = line.findIndex((row, i) => {
      const all = [...rows, ...line.slice(0, i), row]
      return all.length > 1 && need(all) > memoryBytes
    })
    return first < 0 ? line : line.slice(0, first)
  }

  /** Gives each row its next token. */
  function advance(rows: readonly Row[], { logits }: Step, ms: (row: Row) => number): void {
    for (const [i, row] of rows.entries()) {
      row.computeMs += ms(row)
      try {
        row.last = row.request.choose(logits[i] as Float32Array)
        row.count++
        const last = row.count >= row.request.most
        if (row.request.take(row.last, last) || last) settle(row, { how: 'finished' })
      } catch (cause) {
        settle(row, { how: 'failed', cause })
      }
    }
  }

  function add(group: Group<Row>): void {
    const twin = groups.findIndex(({ tokens }) => tokens === group.tokens)
    if (twin < 0) groups.unshift(group)
    else groups[twin] = join(groups[twin] as Group<Row>, group)
  }

  /** Reads texts of like length in one call. */
  async function begin(candidates: readonly Row[]): Promise<void> {
    const offers = candidates.map(({ request: { text, background } }) => ({
      lengths: [text.length],
      served: 0,
      background,
    }))
    const rows = chooseBatch(offers, BATCH).map(({ offer }) => candidates[offer] as Row)
    waiting = waiting.filter((row) => !rows.includes(row))
    const texts = rows.map(({ request }) => request.text)
    const tokens = texts.reduce((sum, { length }) => sum + length, 0)
    const began = now()
    try {
      for (const { request } of rows) request.started()
      const read = await model.read(texts, start)
      const ms = now() - began
      advance(rows, read, ({ request }) => (ms * request.text.length) / tokens)
      const group = keep({ members: rows, cache: read.cache, tokens: 1 }, ({ over }) => !over)
      if (group !== undefined) add(group)
    } catch (cause) {
      for (const row of rows) settle(row, { how: 'failed', cause })
    }
  }

  /** One more token for the youngest. */
  async function step(): Promise<void> {
    const [youngest, ...older] = groups as [Group<Row>, ...Group<Row>[]]
    const { members } = youngest
    const began = now()
    try {
      const given = members.map(({ last }) => last)
      const step = await model.step(given, youngest.cache)
      const ms = (now() - began) / members.length
      steps++
      stepRows += members.length
      advance(members, step, () => ms)
      for (const row of older.flatMap((group) => group.members)) row.paused++
      groups = older
      const left = keep({ ...youngest, cache: step.cache, tokens: youngest.tokens + 1 }, ({ over }) => !over)
      if (left !== undefined) add(left)
    } catch (cause) {
      for (const row of members) settle(row, { how: 'failed', cause })
    }
  }

  async function work(): Promise<void> {
    while (waiting.length + groups.length > 0) {
      try {
        const candidates = admissible()
        if (mayBegin(groups.map(inStep), candidates.length)) await begin(candidates)
        else await step()
        // Requests and stops that came during the call are heard of only now.
        await setImmediate()
        sweep()
      } catch (cause) {
        // Nothing that a step holds can be trusted any more; whoever waits for it has to hear of that.
        for (const row of underWay()) settle(row, { how: 'failed', cause })
        groups = []
      }
    }
    // In the same breath as the last look for work: a request that comes later finds that it has to start anew.
    working = false
  }

  return {
    submit(request) {
      waiting.push({ request, last: start, count: 0, paused: 0, computeMs: 0, over: false })
      if (working) return
      working = true
      // Not at once: texts that come together are read together.
      void setImmediate().then(work)
    },
    stats: () => ({
      waiting: waiting.length,
      writing: underWay().length,
      memoryUsed: need(underWay()),
      memoryLimit: memoryBytes,
      steps,
      stepRows,
    }),
  }
}
