import { createHash } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { TwohopError } from '../../../shared/errors.ts'
import type { Compiled } from '../../work/compiled.ts'
import type { FromCompiler, ToCompiler } from './compile-worker.ts'
import { createLru } from './lru.ts'
import type { Structure } from './structure.ts'

/** Compiles structures on a thread that can be ended, and remembers them. */
export type StructureCompiler = {
  /**
   * @throws TwohopError `invalid_request` where the structure is not supported or takes too long, `host_busy` where
   * too many wait, `internal` where the thread died.
   */
  compile(structure: Structure): Promise<Compiled>
  close(): Promise<void>
}

/** The part of a worker thread that is used here. */
export type CompileThread = {
  postMessage(message: ToCompiler): void
  on(event: 'message', listen: (message: FromCompiler) => void): void
  on(event: 'error' | 'exit', listen: () => void): void
  terminate(): Promise<unknown>
}

type Options = {
  /** Milliseconds that one structure may take; 2000. Measured: 1 to 50. */
  timeoutMs?: number
  /** Structures that may wait; 64. Beyond it a caller is told to come back. */
  waiting?: number
  /** Compiled structures that are remembered; 256. */
  remembered?: number
  /** The thread is replaced after this many structures, so that nothing can pile up in it; 1000. */
  recycleAfter?: number
  startThread?: () => CompileThread
}

type Task = {
  id: string
  structure: Structure
  resolve(compiled: Compiled): void
  reject(error: TwohopError): void
}

/** Compiles one structure at a time. The thread starts with the first one. */
export function createStructureCompiler(options: Options = {}): StructureCompiler {
  const { timeoutMs = 2000, waiting = 64, remembered = 256, recycleAfter = 1000 } = options
  const { startThread = startCompileThread } = options
  const cache = createLru<string, Compiled>(remembered)
  const underWay = new Map<string, Promise<Compiled>>()
  const queue: Task[] = []
  let thread: CompileThread | undefined
  let compiledOnThread = 0
  let ready = false
  let current: { task: Task; timer: NodeJS.Timeout } | undefined
  let closed = false

  function begin(): void {
    if (current !== undefined || closed) return
    const task = queue.shift()
    if (task === undefined) return
    if (thread === undefined) thread = start()
    // A thread can take seconds to start on a busy machine. The structure's time does not include that.
    current = { task, timer: ready ? setTimeout(tooLong, timeoutMs) : setTimeout(notStarted, START_MS) }
    try {
      thread.postMessage({ structure: task.structure })
    } catch {
      settle(failTask)
    }
  }

  function start(): CompileThread {
    const made = startThread()
    compiledOnThread = 0
    ready = false
    made.on('message', (message) => {
      if (made !== thread) return
      if (message.type === 'ready') started()
      else finished(message)
    })
    for (const event of ['error', 'exit'] as const)
      made.on(event, () => {
        if (made !== thread) return
        drop()
        settle(failTask)
      })
    return made
  }

  function started(): void {
    ready = true
    if (current === undefined) return
    clearTimeout(current.timer)
    current.timer = setTimeout(tooLong, timeoutMs)
  }

  function notStarted(): void {
    drop()
    settle(failTask)
  }

  function finished(message: Exclude<FromCompiler, { type: 'ready' }>): void {
    compiledOnThread++
    if (compiledOnThread >= recycleAfter) drop()
    settle((task) => {
      if (message.type === 'failed') failTask(task)
      else if (message.type === 'refused') task.reject(refusal(message.message, message.param))
      else {
        const compiled = { id: task.id, program: message.program }
        cache.set(task.id, compiled)
        task.resolve(compiled)
      }
    })
  }

  function tooLong(): void {
    drop()
    settle((task) =>
      task.reject(refusal(`The structure takes longer than ${timeoutMs} ms to compile.`, undefined)),
    )
  }

  function drop(): void {
    const dropped = thread
    thread = undefined
    void dropped?.terminate()
  }

  function settle(how: (task: Task) => void): void {
    const settled = current
    current = undefined
    if (settled !== undefined) {
      clearTimeout(settled.timer)
      how(settled.task)
    }
    begin()
  }

  return {
    async compile(structure) {
      const id = createHash('sha256').update(JSON.stringify(structure)).digest('hex')
      const known = cache.get(id)
      if (known !== undefined) return known
      const present = underWay.get(id)
      if (present !== undefined) return present
      if (closed) throw new TwohopError('host_unavailable', 'The host is closing.')
      if (queue.length >= waiting)
        throw new TwohopError('host_busy', 'Too many structures wait to be compiled.')
      const { promise, resolve, reject } = Promise.withResolvers<Compiled>()
      // All that wait hear of a rejection below. It may come before anybody waits.
      promise.catch(() => {})
      underWay.set(id, promise)
      queue.push({ id, structure, resolve, reject })
      begin()
      try {
        return await promise
      } finally {
        underWay.delete(id)
      }
    },
    async close() {
      closed = true
      const dropped = thread
      thread = undefined
      const gone = new TwohopError('host_unavailable', 'The host is closing.')
      settle((task) => task.reject(gone))
      for (const task of queue.splice(0)) task.reject(gone)
      await dropped?.terminate()
    },
  }
}

function failTask(task: Task): void {
  task.reject(new TwohopError('internal', 'The structure could not be compiled.'))
}

function refusal(message: string, param: string | undefined): TwohopError {
  return new TwohopError('invalid_request', message, param === undefined ? {} : { param })
}

/** Milliseconds that the thread may take to start; it takes some 100. */
const START_MS = 30_000

/** Megabytes that the thread may fill; a schema of the largest size allowed takes some 30. */
const THREAD_MB = 256

function startCompileThread(): CompileThread {
  const worker = new Worker(new URL('compile-worker.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: THREAD_MB },
  })
  worker.unref()
  return worker
}
