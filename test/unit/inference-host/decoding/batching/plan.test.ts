import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createPace } from '../../../../../inference-host/decoding/batching/pace.ts'
import {
  chunkSize,
  lastTogether,
  nextChunk,
  turnOf,
  type Waiting,
} from '../../../../../inference-host/decoding/batching/plan.ts'
import { laneFor, SIZES } from '../../../../../inference-host/decoding/batching/sizes.ts'

const OLDEST = { order: 'oldest', newcomersFirst: true } as const
const SHORTEST = { order: 'shortest', newcomersFirst: true } as const

const prompt = (left: number, changes: Partial<Waiting> = {}): Waiting => ({
  left,
  begun: false,
  blocked: false,
  newcomer: false,
  at: 0,
  ...changes,
})

test('a prompt is cut so that no single token is ever left, whatever the budget', async () => {
  await fc.assert(
    fc.property(fc.integer({ min: 2, max: 400 }), fc.integer({ min: 0, max: 80 }), (length, budget) => {
      for (let left = length; left > 0; ) {
        const size = chunkSize({ left, at: length - left }, budget)
        expect(size).toBeGreaterThanOrEqual(2)
        expect(size).toBeLessThanOrEqual(Math.max(3, budget))
        left -= size
        expect(left).not.toBe(1)
      }
    }),
  )
  expect(chunkSize({ left: 1, at: 5 }, 16)).toBe(1)
})

test('a chunk is one token more than whole blocks at the end of such a prompt, always, and never elsewhere', async () => {
  const anyLength = fc.integer({ min: 2, max: 900 })
  const anyBudget = fc.integer({ min: 0, max: 900 })
  await fc.assert(
    fc.property(
      anyLength,
      anyBudget,
      fc.integer({ min: 16, max: 256 }),
      fc.nat(),
      (length, budget, columnBlock, cached) => {
        const last = lastTogether(length, { columnBlock })
        const most = Math.floor(Math.max(0, length - last) / SIZES.block)
        let left = length - (cached % (most + 1)) * SIZES.block
        while (left > 0) {
          const size = chunkSize({ left, at: length - left }, budget, { columnBlock })
          const isLast = size === left && length > columnBlock && length % columnBlock === 1
          expect([length, size, size % columnBlock === 1]).toEqual([length, size, isLast])
          expect(size).toBeGreaterThanOrEqual(2)
          expect(size).toBeLessThanOrEqual(Math.max(3, budget, isLast ? columnBlock + 1 : 0))
          left -= size
          expect(left).not.toBe(1)
        }
      },
    ),
    { numRuns: 200 },
  )
  const at = (left: number, budget = 1000) => chunkSize({ left, at: 0 }, budget, { columnBlock: 128 })
  expect([128, 129, 130, 257, 258].map((left) => at(left))).toEqual([128, 129, 130, 257, 258])
  expect([at(129, 16), at(257, 130), at(257, 200), at(300, 129), at(161, 33)]).toEqual([
    129, 128, 128, 128, 32,
  ])
})

test('where a token depends on what follows it, all prompts are cut at the same places', () => {
  const size = (left: number, at: number, budget: number) =>
    chunkSize({ left, at }, budget, { fixedChunks: 64 })
  expect([size(200, 0, 16), size(200, 0, 500), size(136, 64, 7), size(8, 192, 2), size(1, 64, 90)]).toEqual([
    64, 64, 64, 8, 1,
  ])
})

test('the oldest and the shortest prompt take turns', () => {
  const waiting = [prompt(900, { begun: true }), prompt(40), prompt(20)]
  expect(nextChunk(waiting, 64, OLDEST)).toEqual({ index: 0, tokens: 64, newcomer: false })
  expect(nextChunk(waiting, 64, SHORTEST)).toEqual({ index: 2, tokens: 20, newcomer: false })
  expect(nextChunk([], 64, OLDEST)).toBeUndefined()
})

test('no third prompt is begun before one of two is done', () => {
  const waiting = [prompt(900, { begun: true }), prompt(300, { begun: true }), prompt(20)]
  expect(nextChunk(waiting, 64, SHORTEST)?.index).toBe(1)
})

test('a newcomer goes first, a short prompt of one at once, and one step of 32 is anybody’s', () => {
  const others = [prompt(900, { begun: true }), prompt(20)]
  const short = prompt(90, { newcomer: true })
  expect(nextChunk([...others, short], 15, OLDEST)).toEqual({ index: 2, tokens: 90, newcomer: true })
  expect(nextChunk([...others, short], 14, SHORTEST)).toEqual({ index: 2, tokens: 14, newcomer: false })
  expect(nextChunk([...others, prompt(90, { newcomer: true, begun: true })], 32, OLDEST)?.tokens).toBe(32)
  expect(nextChunk([...others, short], 32, OLDEST, { mostColumns: 40 })?.tokens).toBe(40)
  const two = [prompt(900, { begun: true }), prompt(300, { begun: true })]
  expect(nextChunk([...two, short], 32, OLDEST)?.index).toBe(2)
  expect(nextChunk([...two, prompt(80, { newcomer: true, begun: true }), short], 32, OLDEST)?.index).toBe(2)
  expect(nextChunk([...others, short], 32, { order: 'oldest', newcomersFirst: false })?.index).toBe(0)
  expect([0, 1, 30, 31].map((count) => turnOf(count))).toEqual([
    SHORTEST,
    OLDEST,
    SHORTEST,
    { order: 'oldest', newcomersFirst: false },
  ])
})

test('a prompt whose prefix is just being computed waits for it', () => {
  const waiting = [prompt(900, { begun: true }), prompt(40, { blocked: true }), prompt(50)]
  expect(nextChunk(waiting, 64, SHORTEST)?.index).toBe(2)
  expect(nextChunk([prompt(9, { blocked: true }), prompt(90, { begun: true })], 64, OLDEST)?.index).toBe(1)
})

test('chunks get the time of the decoding, and more the more prompts wait for it', () => {
  const pace = createPace({ least: 16, most: 512, idleMs: 250 })
  expect(pace.budget(0, 1)).toBe(64)
  pace.sawChunk(100, 100)
  expect(pace.budget(0, 1)).toBe(250)
  expect(pace.budget(8, 1)).toBe(64)
  pace.sawDecoding(40)
  expect([1, 4, 8, 12].map((waiting) => pace.budget(8, waiting))).toEqual([40, 40, 80, 120])
  expect(pace.budget(1, 15)).toBe(512)
  for (let i = 0; i < 30; i++) pace.sawChunk(10, 100)
  expect(pace.budget(8, 1)).toBe(16)
})

test('a lane holds sequences of at most twice its shortest, and no more than the context', () => {
  expect([1, 256, 257, 513, 2000].map((tokens) => laneFor(tokens, 2000, SIZES))).toEqual([
    256, 256, 512, 1024, 2048,
  ])
  expect(laneFor(1100, 1100, SIZES)).toBe(1152)
})
