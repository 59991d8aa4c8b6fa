import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { freePort } from '../../../bench/kit.ts'

it('a free port is none that a system gives out by itself, and can be taken', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, freePort))
  for (const port of ports) {
    expect(port).toBeGreaterThanOrEqual(20_000)
    expect(port).toBeLessThan(30_000)
    const server = createServer()
    await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening))
    await new Promise((closed) => server.close(closed))
  }
})
