import { Worker } from 'node:worker_threads'
import type { Structure } from '../structure.ts'
import type { FromCompiler, ToCompiler } from './worker.ts'

/** The part of a worker thread that is used here. */
export type Thread = {
  postMessage(message: ToCompiler): void
  on(event: 'message', listen: (message: FromCompiler) => void): void
  on(event: 'error' | 'exit', listen: (error?: unknown) => void): void
  terminate(): Promise<unknown>
}

/** What came of one structure. `hurried` is one that was given up before its time. */
export type Compilation =
  | { how: 'compiled'; program: Uint8Array }
  | { how: 'refused'; message: string; param: string | undefined }
  | { how: 'too_long' | 'too_large' | 'hurried' | 'failed' }

/** A thread that compiles one structure at a time, and is replaced where it hangs, dies, or has compiled enough. */
export type CompileThread = {
  /** What came of the structure, and the milliseconds that were computed for it. To be awaited before the next. */
  compile(structure: Structure): Promise<Compilation & { tookMs: number }>
  /** Milliseconds that were computed so far for the one under way. */
  tookMs(): number
  /** Nobody waits for the one under way: it is given up, unless it ends within the usual time. */
  hurry(): void
  close(): Promise<void>
}

export type ThreadOptions = {
  /** Milliseconds that one structure may take; 2000. Measured: 1 to 50. */
  timeoutMs?: number
  /** The thread is replaced after this many structures, so that nothing can pile up in it; 1000. */
  recycleAfter?: number
  startThread?: () => Thread
  /** Milliseconds on a steady clock. */
  now?: () => number
}

/** Milliseconds that the thread may take to start; it takes some 100. */
const START_MS = 30_000

/**
 * Milliseconds that a structure may still take once nobody waits for it. A new thread takes as long to start, so what
 * ends by then is let end.
 */
const HURRIED_MS = 100

/** Megabytes that the thread may fill; a schema of the largest size allowed takes some 30. */
const THREAD_MB = 256

/** The thread starts with the first structure. */
export function createCompileThread({
  timeoutMs = 2000,
  recycleAfter = 1000,
  startThread = startWorker,
  now = () => performance.now(),
}: ThreadOptions = {}): CompileThread {
  let thread: Thread | undefined
  let compiled = 0
  let ready = false
  let current: { end(how: Compilation): void; began: number | undefined } | undefined
  let timer: NodeJS.Timeout | undefined

  function start(): Thread {
    const made = startThread()
    compiled = 0
    ready = false
    made.on('message', (message) => {
      if (made !== thread) return
      if (message.type === 'ready') started()
      else finished(message)
    })
    for (const event of ['error', 'exit'] as const)
      made.on(event, (error) => {
        if (made === thread) fail(isOutOfMemory(error) ? 'too_large' : 'failed')
      })
    return made
  }

  function started(): void {
    ready = true
    if (current === undefined) return
    current.began = now()
    wait(timeoutMs, 'too_long')
  }

  /** Waits for the one under way for `ms` from now. */
  function wait(ms: number, otherwise: 'too_long' | 'hurried' | 'failed'): void {
    clearTimeout(timer)
    timer = setTimeout(() => fail(otherwise), ms)
  }

  function finished(message: Exclude<FromCompiler, { type: 'ready' }>): void {
    compiled++
    if (compiled >= recycleAfter) drop()
    if (message.type === 'compiled') end({ how: 'compiled', program: message.program })
    else if (message.type === 'failed') end({ how: 'failed' })
    else end({ how: 'refused', message: message.message, param: message.param })
  }

  function fail(how: 'too_long' | 'too_large' | 'hurried' | 'failed'): void {
    drop()
    end({ how })
  }

  function drop(): void {
    const dropped = thread
    thread = undefined
    void dropped?.terminate()
  }

  function end(how: Compilation): void {
    const ended = current
    if (ended === undefined) return
    clearTimeout(timer)
    ended.end(how)
    current = undefined
  }

  const tookMs = () => (current?.began === undefined ? 0 : now() - current.began)

  return {
    compile(structure) {
      const { promise, resolve } = Promise.withResolvers<Compilation & { tookMs: number }>()
      thread ??= start()
      current = {
        end: (how) => resolve({ ...how, tookMs: tookMs() }),
        began: ready ? now() : undefined,
      }
      // A thread can take seconds to start on a busy machine. The structure's time does not include that.
      if (ready) wait(timeoutMs, 'too_long')
      else wait(START_MS, 'failed')
      try {
        thread.postMessage({ structure })
      } catch {
        end({ how: 'failed' })
      }
      return promise
    },
    tookMs,
    hurry() {
      if (current?.began !== undefined && timeoutMs - tookMs() > HURRIED_MS) wait(HURRIED_MS, 'hurried')
    },
    async close() {
      const dropped = thread
      drop()
      end({ how: 'failed' })
      await dropped?.terminate()
    },
  }
}

/** The thread's memory is bounded, so what fills it is the structure's fault. */
const isOutOfMemory = (error: unknown) =>
  error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'

function startWorker(): Thread {
  const worker = new Worker(new URL('worker.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: THREAD_MB },
  })
  worker.unref()
  return worker
}
