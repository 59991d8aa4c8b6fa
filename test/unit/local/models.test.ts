import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { localManifest } from '../../../local/models.ts'

afterEach(() => void vi.unstubAllEnvs())

test('fetching from a hub that does not answer ends when it is told to', async () => {
  const hub = createServer()
  hub.listen(0, '127.0.0.1')
  await once(hub, 'listening')
  vi.stubEnv('HF_ENDPOINT', `http://127.0.0.1:${(hub.address() as AddressInfo).port}`)
  const dir = await mkdtemp(join(tmpdir(), 'twohop-models-'))
  try {
    const stop = new AbortController()
    const manifest = localManifest(dir, ['owner/name'], () => {}, stop.signal)
    await Promise.race([once(hub, 'request'), manifest])
    stop.abort()
    await expect(manifest).rejects.toMatchObject({ code: 'pull_interrupted' })
  } finally {
    hub.closeAllConnections()
    hub.close()
    await rm(dir, { recursive: true, force: true, maxRetries: 10 })
  }
})
