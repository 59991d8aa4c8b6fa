import { chmod, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { query, watchDeviceMemory } from '../../../../inference-host/metrics/device-memory.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'card-'))
})
afterEach(() => rm(folder, { recursive: true, maxRetries: 10 }))

/** A tool that says what lies in a file beside it, if it is asked as NVIDIA's is. */
async function tool(says: string): Promise<string> {
  const file = join(folder, 'smi')
  const wanted = '--query-gpu=memory.used,memory.total --format=csv,noheader,nounits'
  await say(says)
  await writeFile(file, `#!/bin/sh\n[ "$*" = "${wanted}" ] && cat ${join(folder, 'says')}\n`)
  await chmod(file, 0o755)
  return file
}

/** At once for whoever reads it. */
async function say(text: string): Promise<void> {
  await writeFile(join(folder, 'new'), text)
  await rename(join(folder, 'new'), join(folder, 'says'))
}

test('the first card counts, in bytes', async () => {
  expect(await query(await tool('512, 81559\n9, 10\n'))).toEqual({
    used: 512 * 2 ** 20,
    total: 81559 * 2 ** 20,
  })
})

test('no tool, no card, and words instead of numbers are not known', async () => {
  expect(await query(join(folder, 'none'))).toBeUndefined()
  expect(await query(await tool(''))).toBeUndefined()
  expect(await query(await tool('[N/A], [N/A]\n'))).toBeUndefined()
})

test('what a card holds is asked again and again', async () => {
  const file = await tool('1, 100\n')
  const watch = watchDeviceMemory(file, 1)
  await expect.poll(watch.read).toEqual({ used: 2 ** 20, total: 100 * 2 ** 20 })
  await say('2, 100\n')
  await expect.poll(watch.read).toEqual({ used: 2 * 2 ** 20, total: 100 * 2 ** 20 })
  watch.close()
})
