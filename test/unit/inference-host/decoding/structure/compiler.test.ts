import { expect, test, vi } from 'vitest'
import { compileStructure } from '../../../../../inference-host/decoding/structure/compile.ts'
import type {
  FromCompiler,
  ToCompiler,
} from '../../../../../inference-host/decoding/structure/compile-worker.ts'
import {
  type CompileThread,
  createStructureCompiler,
} from '../../../../../inference-host/decoding/structure/compiler.ts'
import { createMatchers } from '../../../../../inference-host/decoding/structure/matchers.ts'
import { packProgram, unpackProgram } from '../../../../../inference-host/decoding/structure/packed.ts'
import type { Structure } from '../../../../../inference-host/decoding/structure/structure.ts'
import { embeddedModel } from '../../../../fixtures/models.ts'
import { STOP, schemaStructure, vocabularyOf } from '../../../../fixtures/structure/drive.ts'

const numbered = (maximum: number): Structure => schemaStructure({ type: 'integer', minimum: 0, maximum })

const packed = (structure: Structure) => packProgram(compileStructure(structure))

/** Threads that answer by hand. */
function handThreads({ send = (_: ToCompiler) => {} } = {}) {
  const threads: {
    asked: ToCompiler[]
    ended: boolean
    started(): void
    answer(message?: FromCompiler): void
    die(): void
  }[] = []
  function startThread(): CompileThread {
    const listeners = new Map<string, (message: FromCompiler) => void>()
    const asked: ToCompiler[] = []
    const thread = {
      asked,
      ended: false,
      started: () => listeners.get('message')?.({ type: 'ready' }),
      answer: (message?: FromCompiler) =>
        listeners.get('message')?.(
          message ?? { type: 'compiled', program: packed(asked.at(-1)?.structure as Structure) },
        ),
      die: () => listeners.get('exit')?.({ type: 'failed' }),
    }
    threads.push(thread)
    return {
      postMessage(message) {
        send(message)
        asked.push(message)
      },
      on: (event: string, listen: (message: FromCompiler) => void) => void listeners.set(event, listen),
      terminate: async () => {
        thread.ended = true
      },
    }
  }
  return { threads, startThread }
}

test('compiles on a thread of its own, and what comes back can be followed', async () => {
  const compiler = createStructureCompiler({ timeoutMs: 20_000 })
  try {
    const compiled = await compiler.compile(numbered(99))
    expect(unpackProgram(compiled.program)).toEqual(compileStructure(numbered(99)))
    const match = createMatchers({
      vocabulary: vocabularyOf(embeddedModel('twohop-chat').folder),
      stopTokens: [STOP],
    })
    expect(match(compiled, 10).fewestTokens).toBe(2)
    await expect(compiler.compile(schemaStructure({ if: {} }))).rejects.toMatchObject({
      code: 'invalid_request',
      param: 'schema.if',
    })
  } finally {
    await compiler.close()
  }
})

test('a structure is compiled once, asked for together or later, and forgotten after others', async () => {
  const { threads, startThread } = handThreads()
  const compiler = createStructureCompiler({ startThread, remembered: 2 })
  const together = [compiler.compile(numbered(1)), compiler.compile(numbered(1))]
  threads[0]?.answer()
  expect(new Set(await Promise.all(together)).size).toBe(1)
  await compiler.compile(numbered(1))
  expect(threads[0]?.asked).toHaveLength(1)
  for (const maximum of [2, 3]) {
    const compiled = compiler.compile(numbered(maximum))
    threads[0]?.answer()
    await compiled
  }
  const again = compiler.compile(numbered(1))
  threads[0]?.answer()
  await again
  expect(threads[0]?.asked).toHaveLength(4)
})

test('what takes too long ends its thread and is refused; the next has a new one', async () => {
  vi.useFakeTimers()
  try {
    const { threads, startThread } = handThreads()
    const compiler = createStructureCompiler({ startThread, timeoutMs: 100 })
    const slow = compiler.compile(numbered(1))
    const next = compiler.compile(numbered(2))
    const refused = expect(slow).rejects.toMatchObject({ code: 'invalid_request' })
    threads[0]?.started()
    vi.advanceTimersByTime(100)
    await refused
    expect(threads.map(({ ended }) => ended)).toEqual([true, false])
    // What the ended thread still says is not taken for an answer to the next.
    threads[0]?.answer()
    threads[1]?.answer()
    expect(unpackProgram((await next).program)).toEqual(compileStructure(numbered(2)))
  } finally {
    vi.useRealTimers()
  }
})

test('the time that the thread takes to start is not the structure’s', async () => {
  vi.useFakeTimers()
  try {
    const { threads, startThread } = handThreads()
    const compiler = createStructureCompiler({ startThread, timeoutMs: 100 })
    const first = compiler.compile(numbered(1))
    vi.advanceTimersByTime(20_000)
    threads[0]?.started()
    vi.advanceTimersByTime(99)
    threads[0]?.answer()
    expect(unpackProgram((await first).program)).toEqual(compileStructure(numbered(1)))
    const never = compiler.compile(numbered(2))
    threads[0]?.die()
    await expect(never).rejects.toMatchObject({ code: 'internal' })
    const waits = compiler.compile(numbered(3))
    const failed = expect(waits).rejects.toMatchObject({ code: 'internal' })
    vi.advanceTimersByTime(30_000)
    await failed
    expect(threads.map(({ ended }) => ended)).toEqual([true, true])
  } finally {
    vi.useRealTimers()
  }
})

test('a structure that does not reach the thread fails alone, and leaves no rejection that nobody hears', async () => {
  const unheard: unknown[] = []
  const hear = (reason: unknown) => void unheard.push(reason)
  process.on('unhandledRejection', hear)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const { threads, startThread } = handThreads({
      send({ structure }) {
        if (JSON.stringify(structure).includes('13')) throw new RangeError('Maximum call stack size exceeded')
      },
    })
    const compiler = createStructureCompiler({ startThread, timeoutMs: 100 })
    await expect(compiler.compile(numbered(13))).rejects.toMatchObject({ code: 'internal' })
    vi.advanceTimersByTime(60_000)
    const next = compiler.compile(numbered(2))
    threads.at(-1)?.answer()
    expect(unpackProgram((await next).program)).toEqual(compileStructure(numbered(2)))
    await new Promise(setImmediate)
    expect(unheard).toEqual([])
  } finally {
    process.off('unhandledRejection', hear)
    vi.useRealTimers()
  }
})

test('a thread that dies fails its structure only', async () => {
  const { threads, startThread } = handThreads()
  const compiler = createStructureCompiler({ startThread })
  const first = compiler.compile(numbered(1))
  const second = compiler.compile(numbered(2))
  threads[0]?.die()
  await expect(first).rejects.toMatchObject({ code: 'internal' })
  threads[1]?.answer()
  await second
})

test('a thread is replaced after so many structures', async () => {
  const { threads, startThread } = handThreads()
  const compiler = createStructureCompiler({ startThread, recycleAfter: 2 })
  for (let maximum = 0; maximum < 5; maximum++) {
    const compiled = compiler.compile(numbered(maximum))
    threads.at(-1)?.answer()
    await compiled
  }
  expect(threads.map(({ ended }) => ended)).toEqual([true, true, false])
})

test('no more wait than may, and closing settles those who do', async () => {
  const { threads, startThread } = handThreads()
  const compiler = createStructureCompiler({ startThread, waiting: 1 })
  const compiling = compiler.compile(numbered(1))
  const waiting = compiler.compile(numbered(2))
  await expect(compiler.compile(numbered(3))).rejects.toMatchObject({ code: 'host_busy' })
  const settled = Promise.allSettled([compiling, waiting])
  await compiler.close()
  expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(threads[0]?.ended).toBe(true)
})
