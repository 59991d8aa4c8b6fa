import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { compileStructure } from '../../../../../../inference-host/decoding/structure/compile.ts'
import { createMatchers } from '../../../../../../inference-host/decoding/structure/matchers.ts'
import { unpackProgram } from '../../../../../../inference-host/decoding/structure/packed.ts'
import { createStructureCompiler } from '../../../../../../inference-host/decoding/structure/pool/compiler.ts'
import type { FromCompiler } from '../../../../../../inference-host/decoding/structure/pool/worker.ts'
import type { Structure } from '../../../../../../inference-host/decoding/structure/structure.ts'
import { createTurns } from '../../../../../../inference-host/scheduler/turns.ts'
import { embeddedModel } from '../../../../../fixtures/models.ts'
import { STOP, schemaStructure, vocabularyOf } from '../../../../../fixtures/structure/drive.ts'
import { handThreads } from '../../../../../fixtures/structure/hand-threads.ts'

const numbered = (maximum: number): Structure => schemaStructure({ type: 'integer', minimum: 0, maximum })
const turnOf = (account: string) => ({ account, weight: 1, priority: 'interactive' }) as const
const ADA = turnOf('ada')
const REFUSED = { type: 'refused', message: 'not supported', param: 'schema.not' } as const

type Options = Partial<Parameters<typeof createStructureCompiler>[0]>
type Outcome = Awaited<ReturnType<ReturnType<typeof createStructureCompiler>['compile']>['outcome']>

/** A compiler whose threads the test drives. Structures have their `maximum` as a name. */
function setUp(options: Options = {}, hand: Parameters<typeof handThreads>[0] = {}) {
  const { threads, startThread } = handThreads(hand)
  const compiler = createStructureCompiler({
    turns: () => createTurns({ quantum: 1 }),
    startThread,
    ...options,
  })
  const nameOf = (structure: Structure | undefined) =>
    structure?.kind === 'json_schema' && (structure.schema as { maximum: number }).maximum

  /** What was sent to the threads so far. */
  const asked = () => threads.flatMap((thread) => thread.asked.map(({ structure }) => nameOf(structure)))
  /** What is under way. */
  const busy = () => threads.filter((thread) => thread.busy && !thread.ended)
  const running = () => busy().map((thread) => nameOf(thread.asked.at(-1)?.structure))

  const started = new Set<object>()
  /** Lets time pass while the threads are silent. */
  async function pass(ms: number) {
    for (const thread of busy()) {
      if (!started.has(thread)) thread.started()
      started.add(thread)
    }
    await vi.advanceTimersByTimeAsync(ms)
  }
  async function answer(name: number, message?: FromCompiler) {
    busy()
      .find((thread) => nameOf(thread.asked.at(-1)?.structure) === name)
      ?.answer(message)
    await vi.advanceTimersByTimeAsync(0)
  }
  return { threads, compiler, asked, running, pass, answer }
}

function programOf(outcome: Outcome) {
  if ('error' in outcome) throw outcome.error
  return unpackProgram(outcome.value.program)
}
const codeOf = (outcome: Outcome) => ('error' in outcome ? outcome.error.code : undefined)

test('compiles on a thread of its own, and what comes back can be followed', async () => {
  const compiler = createStructureCompiler({ turns: createTurns, timeoutMs: 20_000 })
  try {
    const compiling = compiler.compile(numbered(99), ADA)
    expect(programOf(await compiling.outcome)).toEqual(compileStructure(numbered(99)))
    expect(compiling.computeMs()).toBeGreaterThan(0)
    const { follow } = createMatchers({
      vocabulary: vocabularyOf(embeddedModel('twohop-chat').folder),
      knowsCalls: true,
      stopTokens: [STOP],
    })
    const known = compiler.recall(numbered(99))
    expect(known && follow(known, 10).start().fewestTokens).toBe(2)
    expect(await compiler.compile(schemaStructure({ extends: {} }), ADA).outcome).toMatchObject({
      error: { code: 'invalid_request', param: 'schema.extends' },
    })
  } finally {
    await compiler.close()
  }
})

describe('on threads that a test drives', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  describe('what takes long', () => {
    test('is behind nobody who takes a moment: four of one account, then a bystander', async () => {
      const { compiler, running, pass, answer } = setUp()
      for (const name of [1, 2, 3, 4]) compiler.compile(numbered(name), turnOf('mallory'))
      const bystander = compiler.compile(numbered(50), turnOf('bystander'))
      await pass(100)
      expect(running()).toEqual([1, 50])
      await answer(50)
      expect(programOf(await bystander.outcome)).toEqual(compileStructure(numbered(50)))
      expect(running()).toEqual([1, 2])
    })

    test('is begun anew among its own kind, and refused once that has taken too long too', async () => {
      const { compiler, running, pass } = setUp()
      const slow = compiler.compile(numbered(1), ADA)
      await pass(100)
      expect(running()).toEqual([1])
      await pass(1999)
      expect(slow.computeMs()).toBe(2099)
      await pass(1)
      expect(running()).toEqual([])
      expect(await slow.outcome).toMatchObject({
        error: {
          code: 'invalid_request',
          message: 'The structure takes longer than 2000 ms to compile.',
          param: 'schema',
        },
      })
      expect(slow.computeMs()).toBe(2100)
    })

    test('is what it is where it ends in time', async () => {
      const { compiler, pass, answer } = setUp()
      const slow = compiler.compile(numbered(1), ADA)
      await pass(100)
      await pass(300)
      await answer(1)
      expect(programOf(await slow.outcome)).toEqual(compileStructure(numbered(1)))
      expect(slow.computeMs()).toBe(400)
    })

    test('keeps those together who wait for the same, and whoever joins them later', async () => {
      const { compiler, asked, pass, answer } = setUp()
      const all = [compiler.compile(numbered(1), ADA), compiler.compile(numbered(1), turnOf('eve'))]
      await pass(100)
      all.push(compiler.compile(numbered(1), turnOf('late')))
      await pass(500)
      await answer(1)
      expect((await Promise.all(all.map(({ outcome }) => outcome))).map(codeOf)).toEqual([
        undefined,
        undefined,
        undefined,
      ])
      expect(asked()).toEqual([1, 1])
      expect(all.map(({ computeMs }) => computeMs())).toEqual([600, 0, 0])
    })
  })

  test('who needs what another waits for has it at that one’s turn, and at no cost', async () => {
    const { compiler, asked, pass, answer } = setUp()
    compiler.compile(numbered(1), ADA)
    const [theirs, own] = [compiler.compile(numbered(2), ADA), compiler.compile(numbered(2), turnOf('eve'))]
    await answer(1)
    await pass(7)
    await answer(2)
    expect(programOf(await own.outcome)).toEqual(compileStructure(numbered(2)))
    expect(programOf(await theirs.outcome)).toEqual(compileStructure(numbered(2)))
    expect(theirs.computeMs() + own.computeMs()).toBe(7)
    expect(asked()).toEqual([1, 2])
  })

  describe('what is remembered', () => {
    test('a structure is compiled once, asked for together or later, and forgotten after others', async () => {
      const { compiler, asked, answer } = setUp({ remembered: 2 })
      expect(compiler.recall(numbered(1))).toBeUndefined()
      const together = [compiler.compile(numbered(1), ADA), compiler.compile(numbered(1), ADA)]
      await answer(1)
      const [first, second] = await Promise.all(together.map(({ outcome }) => outcome))
      expect(first).toBe(second)
      expect({ value: compiler.recall(numbered(1)) }).toEqual(first)
      for (const name of [2, 3]) {
        compiler.compile(numbered(name), ADA)
        await answer(name)
      }
      expect(compiler.recall(numbered(1))).toBeUndefined()
      expect(asked()).toEqual([1, 2, 3])
    })

    test('a refusal, for as long as there is room', async () => {
      const { compiler, asked, pass, answer } = setUp({ remembered: 1 })
      const first = compiler.compile(numbered(1), ADA)
      await answer(1, REFUSED)
      const told = { code: 'invalid_request', param: 'schema.not', message: 'not supported' }
      expect(await first.outcome).toMatchObject({ error: told })
      await pass(1e9)
      expect(() => compiler.recall(numbered(1))).toThrow(expect.objectContaining(told))
      expect(asked()).toEqual([1])
      compiler.compile(numbered(2), ADA)
      await answer(2, REFUSED)
      expect(compiler.recall(numbered(1))).toBeUndefined()
    })

    test('that it took too long, for a minute: a machine can be slow', async () => {
      const { compiler, asked, pass } = setUp()
      compiler.compile(numbered(1), ADA)
      await pass(100)
      await pass(2000)
      const message = 'The structure takes longer than 2000 ms to compile.'
      const told = { code: 'invalid_request', message, param: 'schema' }
      await pass(59_999)
      expect(() => compiler.recall(numbered(1))).toThrow(expect.objectContaining(told))
      expect(asked()).toEqual([1, 1])
      await pass(1)
      expect(compiler.recall(numbered(1))).toBeUndefined()
    })

    test('that it filled the memory, as long; nobody else’s structure suffers', async () => {
      const { threads, compiler, answer } = setUp()
      const [first, second] = [compiler.compile(numbered(1), ADA), compiler.compile(numbered(2), ADA)]
      threads[0]?.die('ERR_WORKER_OUT_OF_MEMORY')
      expect(codeOf(await first.outcome)).toBe('invalid_request')
      expect(() => compiler.recall(numbered(1))).toThrow(expect.objectContaining({ code: 'invalid_request' }))
      await answer(2)
      expect(programOf(await second.outcome)).toEqual(compileStructure(numbered(2)))
    })

    test('nothing of a thread that died, which fails its structure only', async () => {
      const { threads, compiler, answer } = setUp()
      const [first, second] = [compiler.compile(numbered(1), ADA), compiler.compile(numbered(2), ADA)]
      threads[0]?.die()
      expect(codeOf(await first.outcome)).toBe('internal')
      expect(compiler.recall(numbered(1))).toBeUndefined()
      await answer(2)
      expect(programOf(await second.outcome)).toEqual(compileStructure(numbered(2)))
    })
  })

  describe('who leaves', () => {
    test('before its turn: it is never compiled', async () => {
      const { compiler, asked, answer } = setUp()
      compiler.compile(numbered(1), ADA)
      const left = compiler.compile(numbered(2), ADA)
      compiler.compile(numbered(3), ADA)
      left.stop()
      await answer(1)
      expect(asked()).toEqual([1, 3])
      expect(left.computeMs()).toBe(0)
    })

    test('in its turn: it is given up soon, paid for until then, and not remembered as refused', async () => {
      const { compiler, running, pass } = setUp()
      const left = compiler.compile(numbered(1), ADA)
      await pass(100)
      await pass(500)
      left.stop()
      await pass(99)
      expect(running()).toEqual([1])
      await pass(1)
      expect(running()).toEqual([])
      expect(left.computeMs()).toBe(700)
      expect(compiler.recall(numbered(1))).toBeUndefined()
    })

    test('while others wait for the same: they get it', async () => {
      const { compiler, asked, pass, answer } = setUp()
      const [left, stays] = [compiler.compile(numbered(1), ADA), compiler.compile(numbered(1), turnOf('eve'))]
      left.stop()
      await pass(50)
      await answer(1)
      expect(codeOf(await stays.outcome)).toBeUndefined()
      expect([left.computeMs(), stays.computeMs()]).toEqual([50, 0])
      expect(asked()).toEqual([1])
    })

    test('just before another asks for the same: that one gets it all the same', async () => {
      const { compiler, pass, answer } = setUp()
      const left = compiler.compile(numbered(1), ADA)
      await pass(100)
      left.stop()
      const late = compiler.compile(numbered(1), turnOf('eve'))
      await pass(100)
      await answer(1)
      expect(programOf(await late.outcome)).toEqual(compileStructure(numbered(1)))
    })
  })

  test('a structure that does not reach the thread fails alone', async () => {
    const { compiler, answer } = setUp(
      {},
      {
        send({ structure }) {
          if (JSON.stringify(structure).includes('13'))
            throw new RangeError('Maximum call stack size exceeded')
        },
      },
    )
    expect(codeOf(await compiler.compile(numbered(13), ADA).outcome)).toBe('internal')
    const next = compiler.compile(numbered(2), ADA)
    await answer(2)
    expect(codeOf(await next.outcome)).toBeUndefined()
  })

  test('closing settles those who wait, and whoever comes later', async () => {
    const { threads, compiler } = setUp()
    const open = [1, 2].map((name) => compiler.compile(numbered(name), ADA))
    await compiler.close()
    open.push(compiler.compile(numbered(3), ADA))
    const codes = (await Promise.all(open.map(({ outcome }) => outcome))).map(codeOf)
    expect(codes).toEqual(['host_unavailable', 'host_unavailable', 'host_unavailable'])
    expect(threads.map(({ ended }) => ended)).toEqual([true])
  })
})
