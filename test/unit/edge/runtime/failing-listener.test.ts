import { expect, it, onTestFinished, vi } from 'vitest'
import { serveNode } from '../../../../edge/runtime/node-server.ts'

// What an app of Hono's never lets through is answered all the same, with a line that has its id.

vi.mock('../../../../edge/runtime/edge.ts', () => ({
  createEdge: () => ({
    check: async () => [],
    scheduled: async () => {},
    app: {
      fetch() {
        throw new RangeError('a-canary')
      },
    },
  }),
}))

it('a listener that throws is a line of the log, with the id of its answer', async () => {
  const lines: string[] = []
  const { url, drain } = await serveNode({ EDGE_PORT: '0' }, (line) => lines.push(line))
  onTestFinished(drain)
  const answer = await fetch(url)
  expect(answer.status).toBe(500)
  expect(await answer.text()).not.toContain('a-canary')
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      ...{ level: 'error', event: 'answer_failed', code: 'internal' },
      request_id: answer.headers.get('x-request-id'),
      fault: expect.objectContaining({ class: 'RangeError', stack: expect.any(Array) }),
    },
  ])
  expect(lines.join()).not.toContain('a-canary')
})
