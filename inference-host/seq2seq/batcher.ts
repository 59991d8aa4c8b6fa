import { setImmediate } from 'node:timers/promises'
import { BATCH, chooseBatch } from '../encoding/choose.ts'
import { at } from '../platform/at.ts'
import type { TokenBytes } from './cache.ts'
import type { EncoderDecoder } from './encoder-decoder.ts'
import { keep } from './group.ts'
import { createGroups } from './groups.ts'
import { admissible, needOf } from './memory.ts'
import { mayBegin } from './plan.ts'
import { advance, createRow, endRow, type Row, type Seq2seqRequest } from './request.ts'

/** Writes many texts at once on one model. */
export type Seq2seqBatcher = {
  /** Takes a request; all its calls come later. */
  submit(request: Seq2seqRequest): void
  stats(): Seq2seqStats
}

/** Texts that wait and that are being written now, the bytes that their caches may come to, and calls so far. */
export type Seq2seqStats = {
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

const staying = ({ over }: Row) => !over

/**
 * A batcher on `model`. Texts of like length are read together. They leave between two steps, and newcomers catch up
 * with those that are under way (see `mayBegin`).
 */
export function createSeq2seqBatcher({ model, start, bytes, memoryBytes, now }: Options): Seq2seqBatcher {
  const groups = createGroups<Row>()
  let waiting: Row[] = []
  let working = false
  let steps = 0
  let stepRows = 0

  /** Removes texts that are over or were told to stop. */
  function sweep(): void {
    for (const row of [...waiting, ...groups.members])
      if (row.request.stopped()) endRow(row, { how: 'stopped' })
    waiting = waiting.filter(staying)
    groups.keep(staying)
  }

  /** Reads texts of like length in one call. */
  async function begin(candidates: readonly Row[]): Promise<void> {
    const offers = candidates.map(({ request: { text, background } }) => ({
      lengths: [text.length],
      served: 0,
      background,
    }))
    const rows = chooseBatch(offers, BATCH).map(({ offer }) => at(candidates, offer))
    waiting = waiting.filter((row) => !rows.includes(row))
    const texts = rows.map(({ request }) => request.text)
    const tokens = texts.reduce((sum, { length }) => sum + length, 0)
    const began = now()
    try {
      for (const { request } of rows) request.started()
      const read = await model.read(texts, start)
      const ms = now() - began
      advance(rows, read, ({ request }) => (ms * request.text.length) / tokens, now)
      const group = keep({ members: rows, cache: read.cache, tokens: 1 }, staying)
      if (group !== undefined) groups.add(group)
    } catch (cause) {
      for (const row of rows) endRow(row, { how: 'failed', cause })
    }
  }

  /** One more token for the youngest. */
  async function step(): Promise<void> {
    const { youngest } = groups
    if (youngest === undefined) return
    const { members } = youngest
    const began = now()
    try {
      const given = members.map(({ last }) => last)
      const output = await model.step(given, youngest.cache)
      const ms = (now() - began) / members.length
      steps++
      stepRows += members.length
      advance(members, output, () => ms, now)
      groups.stepped(keep({ ...youngest, cache: output.cache, tokens: youngest.tokens + 1 }, staying))
    } catch (cause) {
      for (const row of members) endRow(row, { how: 'failed', cause })
    }
  }

  async function work(): Promise<void> {
    while (waiting.length > 0 || groups.youngest !== undefined) {
      try {
        const candidates = admissible(waiting, groups.members, { bytes, memoryBytes })
        if (mayBegin(groups.inStep, candidates.length)) await begin(candidates)
        else await step()
        // Requests and stops that came during the call show up only now.
        await setImmediate()
        sweep()
      } catch (cause) {
        // Nothing that a step holds can be trusted any more. All that wait for it have to hear of that.
        for (const row of groups.members) endRow(row, { how: 'failed', cause })
        groups.clear()
      }
    }
    // In the same turn as the last look for work. So a request that comes later sees that it has to start the loop
    // anew.
    working = false
  }

  return {
    submit(request) {
      waiting.push(createRow(request, start))
      if (working) return
      working = true
      // Not at once: texts that come together are read together.
      void setImmediate().then(work)
    },
    stats() {
      const { members } = groups
      return {
        waiting: waiting.length,
        writing: members.length,
        memoryUsed: needOf(members, bytes),
        memoryLimit: memoryBytes,
        steps,
        stepRows,
      }
    },
  }
}
