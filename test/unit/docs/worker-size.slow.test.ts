import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { bundleEdge } from '../../../local/edge/bundle.ts'
import { ROOT } from '../../fixtures/pages.ts'

test('the worker is as small as docs/benchmarks.md says', async () => {
  const page = await readFile(join(ROOT, 'docs/benchmarks.md'), 'utf8')
  const [, most] = /The worker has less than (\d+) KiB gzipped/.exec(page) ?? []
  const folder = await mkdtemp(join(tmpdir(), 'worker-'))
  try {
    const { module } = await bundleEdge(folder)
    const kib = gzipSync(await readFile(module)).length / 1024
    expect(kib).toBeLessThan(Number(most))
    // A bound far above it would say nothing.
    expect(kib).toBeGreaterThan(Number(most) * 0.8)
  } finally {
    await rm(folder, { recursive: true })
  }
})
