import { beforeEach, describe, expect, it, vi } from 'vitest'
import { keepAlive } from '../../../local/keep-alive.ts'
import type { Stack } from '../../../local/stack.ts'

const PORT = 8787

/** A stack whose processes are ended by the test, and what was said of that. A real edge dies less often in a minute. */
function stackByHand() {
  const ends = new Map<string, () => void>()
  const part = (name: string) => ({ ended: new Promise<void>((resolve) => ends.set(name, resolve)) })
  const said: string[] = []
  let edges = 1
  let stopping = false
  const edgeReady = (pid: number) => ({ url: `http://127.0.0.1:${PORT}`, cronUrl: 'http://127.0.0.1:9', pid })
  const stack = {
    file: { edge: edgeReady(1), postgres: null },
    parts: { edge: part('edge'), host: part('host'), redis: part('redis'), issuer: part('issuer') },
    startEdge: async (port: number) => {
      expect(port).toBe(PORT)
      edges++
      return { ...part('edge'), ready: edgeReady(edges) }
    },
  } as unknown as Stack
  let written = 0
  keepAlive(stack, {
    say: (name, line) => said.push(`${name} ${line}`),
    changed: async () => void written++,
    stopping: () => stopping,
  })
  return {
    stack,
    said,
    written: () => written,
    stop: () => {
      stopping = true
    },
    /** Ends a process, and lets all that follows from it happen. */
    async end(name: string) {
      ends.get(name)?.()
      await vi.advanceTimersByTimeAsync(0)
    },
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'setInterval'] })
  return () => vi.useRealTimers()
})

describe('an edge that dies', () => {
  it('is started again on its port, and stack.json says so', async () => {
    const { stack, said, written, end } = stackByHand()
    await end('edge')
    expect(stack.file.edge.pid).toBe(2)
    expect(written()).toBe(1)
    expect(said).toEqual(['edge ended and was started again as process 2'])
  })

  it('is given up after five times in a row', async () => {
    const { stack, said, end } = stackByHand()
    for (let n = 0; n < 6; n++) await end('edge')
    expect(stack.file.edge.pid).toBe(6)
    expect(said.at(-1)).toBe('edge ended too often; not started again. Ctrl-C, then npm start.')
    expect(said).toHaveLength(6)
  })

  it('counts anew once one has lived for a minute', async () => {
    const { said, end } = stackByHand()
    for (let n = 0; n < 5; n++) await end('edge')
    vi.setSystemTime(Date.now() + 60_001)
    for (let n = 0; n < 5; n++) await end('edge')
    expect(said.filter((line) => line.includes('started again as'))).toHaveLength(10)
    await end('edge')
    expect(said.at(-1)).toContain('ended too often')
  })
})

it('says of another part that it is gone, once, and starts none', async () => {
  const { said, end } = stackByHand()
  await end('redis')
  expect(said).toEqual([
    'redis ended; the edge goes on and answers 503 where it needs it. Ctrl-C, then npm start.',
  ])
})

it('is silent while the stack is being stopped', async () => {
  const { stack, said, end, stop } = stackByHand()
  stop()
  for (const name of ['edge', 'host', 'redis', 'issuer']) await end(name)
  expect(said).toEqual([])
  expect(stack.file.edge.pid).toBe(1)
})
