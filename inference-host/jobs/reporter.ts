import { createBell } from './bell.ts'
import { type Persistence, persist } from './persist.ts'
import { type Finished, type Standing, TooLarge } from './port.ts'

/** Bytes of results in one report, where they are more than one. */
const REPORT_BYTES = 512 * 1024
/** Bytes of results that wait for the store; with more, no further input is begun. */
const UNSENT_BYTES = 8 * 1024 * 1024
/** How long a result may wait for others to go with, in milliseconds: each report is a command that is paid for. */
const LINGER_MS = 200

/** Tells the store what a job's inputs came to, in order, and renews the claim on it meanwhile. */
export type Reporter = {
  add(finished: Finished): void
  /** False while the store does not answer or too much waits for it: then nothing new is to be begun. */
  readonly open: boolean
  /** Resolves when all that was added is stored, or the tries have been given up. */
  flush(): Promise<void>
  /** Stops the renewals. */
  close(): void
}

type Options = Pick<Persistence, 'signal' | 'wait' | 'random'> & {
  send: (number: number, finished: readonly Finished[]) => Promise<Standing>
  /** What replaces an input's result that is too large for the store even alone. */
  instead: (index: number) => Promise<NonNullable<Finished['result']>>
  /** Milliseconds after which the claim is renewed by a report of nothing. */
  renewMs: number
  /** Called with the answer to each report. */
  onStanding: (standing: Standing) => void
  /** Called when the store begins to be away. */
  onAway: (error: unknown) => void
  /** Called when `open` may have changed. */
  onChange: () => void
}

export function createReporter(options: Options): Reporter {
  const { send, instead, renewMs, onStanding, onAway, onChange } = options
  const added = createBell()
  const hurried = createBell()
  const closing = new AbortController()
  const signal = AbortSignal.any([options.signal, closing.signal])
  signal.addEventListener('abort', hurry, { once: true })
  const unsent: Finished[] = []
  let bytes = 0
  /** Bytes of results in one report: fewer once the store has not taken so many. */
  let most = REPORT_BYTES
  let number = 0
  let failing = false
  let flushing = false

  const sizeOf = ({ result }: Finished) => (result === undefined ? 0 : Buffer.byteLength(result.json))
  const sizeOfAll = (all: readonly Finished[]) => all.reduce((sum, finished) => sum + sizeOf(finished), 0)

  function hurry(): void {
    added.ring()
    hurried.ring()
  }

  function nextBatch(): Finished[] {
    let size = 0
    const rest = unsent.findIndex((finished, index) => {
      size += sizeOf(finished)
      return index > 0 && size > most
    })
    return unsent.slice(0, rest === -1 ? unsent.length : rest)
  }

  /** Makes the next report smaller. @throws `error` where its cause is not the size, or no report can be smaller */
  async function smaller(batch: readonly Finished[], error: unknown): Promise<'too_large'> {
    const [first] = batch
    const size = sizeOfAll(batch)
    if (!(error instanceof TooLarge) || first === undefined || size === 0) throw error
    if (batch.length > 1) most = Math.floor(size / 2)
    // An error is as short as a result can be.
    else if (first.result?.failed) throw error
    else {
      const shorter = { ...first, result: await instead(first.index) }
      unsent[0] = shorter
      bytes += sizeOf(shorter) - size
    }
    return 'too_large'
  }

  async function deliver(): Promise<void> {
    const batch = nextBatch()
    number++
    const standing = await persist(() => send(number, batch).catch((error) => smaller(batch, error)), {
      ...options,
      signal,
      onFailure(error) {
        if (!failing) onAway(error)
        failing = true
        onChange()
      },
    })
    if (standing === undefined) return
    failing = false
    if (standing === 'too_large') return
    for (const finished of unsent.splice(0, batch.length)) bytes -= sizeOf(finished)
    onStanding(standing)
    onChange()
  }

  /** Begins by waiting: to claim a job is to renew its claim. */
  async function work(): Promise<void> {
    while (!signal.aborted) {
      if (unsent.length === 0) {
        if (flushing) return
        const rang = await added.rung(renewMs)
        if (rang && unsent.length === 0) continue
      }
      if (unsent.length > 0 && !flushing && bytes < REPORT_BYTES) await hurried.rung(LINGER_MS)
      if (!signal.aborted) await deliver()
    }
  }

  const worked = work()
  return {
    add(finished) {
      unsent.push(finished)
      bytes += sizeOf(finished)
      added.ring()
    },
    get open() {
      return !failing && bytes < UNSENT_BYTES
    },
    flush() {
      flushing = true
      hurry()
      return worked
    },
    close: () => closing.abort(),
  }
}
