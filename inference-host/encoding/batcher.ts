import { at } from '../platform/at.ts'
import { BATCH, type BatchRules, chooseBatch } from './choose.ts'
import type { Encoder, Row, RowOutputs } from './encoder.ts'

/** The rows of one request. */
export type Request = {
  rows: readonly Row[]
  /** Takes what was computed for a row at once, because none of it is kept here. Rows come in any order. */
  take(row: number, outputs: RowOutputs): void
  /** Asked before each batch; true ends the request. */
  stopped(): boolean
  /** Whether it makes way for the others. */
  background?: boolean | undefined
  /** Counts what is computed for it: tokens when their batch begins, milliseconds as its share by tokens. */
  counts: { promptTokens: number; computeMs?: number }
}

/** Computes the rows of many requests together. */
export type Batcher = {
  /**
   * Resolves when every row was taken: true; or when the request was stopped: false.
   * @throws what the model or `take` throws. Other requests with rows in that batch share only the model's error.
   */
  encode(request: Request): Promise<boolean>
  /** Requests under way. */
  readonly running: number
}

type Options = {
  encoder: Pick<Encoder, 'run' | 'lanes'>
  rules?: BatchRules
  /** Milliseconds on a steady clock. */
  now: () => number
}

type Waiting = { row: Row; index: number }

/** A request with the rows still to compute, the shortest first, and how many are being computed. */
type Member = Request & {
  waiting: Waiting[]
  computing: number
  served: number
  settle(end: { finished: boolean } | { cause: unknown }): void
}

/**
 * A batcher in front of `encoder`. Requests join and leave between batches. A newcomer counts as served as much as the
 * least served request there. So it does not wait for others to end, and does not make up for the time before it came.
 */
export function createBatcher({ encoder, rules = BATCH, now }: Options): Batcher {
  const members = new Set<Member>()
  let calls = 0

  function sweep(): void {
    for (const member of [...members]) {
      const stopped = member.stopped()
      if (stopped) member.waiting = []
      // What is being computed is waited for: it counts.
      if (member.waiting.length + member.computing === 0) member.settle({ finished: !stopped })
    }
  }

  /** Takes the rows of the next batch out of their requests. */
  function draw(): { member: Member; waiting: Waiting }[] {
    const all = [...members]
    const offers = all.map(({ waiting, served, background }) => ({
      lengths: waiting.map(({ row }) => row.ids.length),
      served,
      background,
    }))
    return chooseBatch(offers, rules).map(({ offer, place }) => {
      const member = at(all, offer)
      return { member, waiting: at(member.waiting.splice(place, 1), 0) }
    })
  }

  /** Never rejects: what it throws has settled its requests. */
  async function step(batch: ReturnType<typeof draw>): Promise<void> {
    const rows = batch.map(({ waiting }) => waiting.row)
    const tokens = rows.reduce((sum, { ids }) => sum + ids.length, 0)
    for (const { member, waiting } of batch) {
      member.computing++
      member.served += waiting.row.ids.length
      member.counts.promptTokens += waiting.row.ids.length
    }
    const began = now()
    try {
      const outputs = await encoder.run(rows)
      const ms = now() - began
      for (const [i, { member, waiting }] of batch.entries()) {
        share(member, (ms * waiting.row.ids.length) / tokens)
        if (members.has(member)) give(member, waiting.index, at(outputs, i))
      }
    } catch (cause) {
      for (const { member } of batch) member.settle({ cause })
    }
    for (const { member } of batch) member.computing--
  }

  /** Starts as many batches as there are lanes for, and looks again after each. */
  function work(): void {
    sweep()
    while (calls < encoder.lanes) {
      const batch = draw()
      if (batch.length === 0) return
      calls++
      void step(batch).then(() => {
        calls--
        work()
      })
    }
  }

  return {
    encode(request) {
      const done = Promise.withResolvers<boolean>()
      const member: Member = {
        ...request,
        waiting: request.rows
          .map((row, index) => ({ row, index }))
          .sort((a, b) => a.row.ids.length - b.row.ids.length),
        computing: 0,
        served: members.size === 0 ? 0 : Math.min(...[...members].map(({ served }) => served)),
        settle(end) {
          if (!members.delete(member)) return
          if ('cause' in end) done.reject(end.cause)
          else done.resolve(end.finished)
        },
      }
      request.counts.computeMs ??= 0
      members.add(member)
      // Not at once: requests that come together are computed together.
      queueMicrotask(work)
      return done.promise
    },
    get running() {
      return members.size
    },
  }
}

function share({ counts }: Member, ms: number): void {
  counts.computeMs = (counts.computeMs ?? 0) + ms
}

/** A request that fails on its own row does not harm the others. */
function give(member: Member, index: number, outputs: RowOutputs): void {
  try {
    member.take(index, outputs)
  } catch (cause) {
    member.settle({ cause })
  }
}
