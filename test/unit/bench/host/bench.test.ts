import { describe, expect, test } from 'vitest'
import { drawScaling } from '../../../../bench/host/chart.ts'
import { readExposition } from '../../../../bench/host/exposition.ts'
import { mixedTexts, seeded, words } from '../../../../bench/host/prompts.ts'
import QUESTIONS from '../../../../bench/host/questions.json' with { type: 'json' }
import { percentile, spread } from '../../../../bench/kit.ts'

test('a percentile is the nearest rank, and a median lies between two', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i)
  expect([0.5, 0.95, 0.99, 1].map((part) => percentile(hundred, part))).toEqual([50, 95, 99, 100])
  expect(percentile([7], 0.99)).toBe(7)
  expect(percentile([], 0.5)).toBeNaN()
  expect(spread([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4 })
})

describe('prompts', () => {
  test('have the words asked for, the same for the same seed and others for another', () => {
    expect(words('a', 256).trim().split(' ')).toHaveLength(256)
    expect(words('a', 64)).toBe(words('a', 64))
    const starts = Array.from({ length: 200 }, (_, i) => words(`round 1 ${i}`, 32))
    expect(new Set(starts)).toHaveProperty('size', 200)
  })

  test('random numbers lie from 0 up to 1, evenly', () => {
    const random = seeded('evenly')
    const numbers = Array.from({ length: 10_000 }, random)
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...numbers)).toBeLessThan(1)
    expect(numbers.reduce((sum, number) => sum + number, 0) / numbers.length).toBeCloseTo(0.5, 1)
  })

  test('texts of mixed length go from the shortest to the longest, in no order', () => {
    const lengths = mixedTexts('a', 32, 4, 200).map((text) => text.split(' ').length)
    expect([Math.min(...lengths), Math.max(...lengths)]).toEqual([4, 200])
    expect(lengths).not.toEqual(lengths.toSorted((a, b) => a - b))
    expect(lengths.toSorted((a, b) => a - b)[16]).toBeLessThan(40)
  })

  test('there are sixty questions, no two alike', () => {
    expect(new Set(QUESTIONS)).toHaveProperty('size', 60)
  })
})

test('metrics are read by name, whatever their labels', () => {
  const text = [
    '# HELP twohop_num_requests_running Requests that have a slot.',
    'twohop_num_requests_running{model="m"} 3',
    'twohop_nodejs_eventloop_lag_p99_seconds 0.0012',
    'go_threads 7',
  ].join('\n')
  expect([...readExposition(text)]).toEqual([
    ['num_requests_running', 3],
    ['nodejs_eventloop_lag_p99_seconds', 0.0012],
  ])
})

test('the curve has its axes, and its points where their values are', () => {
  const svg = drawScaling([
    {
      name: 'batching',
      points: [
        { streams: 1, tokensPerSecond: 50 },
        { streams: 4, tokensPerSecond: 100 },
      ],
    },
    { name: 'plain', points: [{ streams: 1, tokensPerSecond: 0 }] },
  ])
  expect(svg).toContain('prefers-color-scheme:dark')
  expect(svg).toContain('>output tokens a second<')
  const circles = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [
    Number(x),
    Number(y),
  ])
  expect(circles).toEqual([
    [60, 165],
    [450, 20],
    [60, 310],
  ])
})
