import { expect, test } from 'vitest'
import { listRepository } from '../../../../inference-host/pull/hub-listing.ts'
import type { Hub } from '../../../../inference-host/pull/hub-request.ts'
import { Transient } from '../../../../inference-host/pull/retry.ts'

const COMMIT = 'c'.repeat(40)
const SHA = 'a'.repeat(64)

/** What a hub with this answer is found to have, and the addresses that it was asked. */
async function listed(answer: unknown, revision = 'main') {
  const asked: string[] = []
  const hub: Hub = {
    endpoint: 'https://hub.example',
    token: undefined,
    stallMs: 5000,
    signal: new AbortController().signal,
    async fetch(url) {
      asked.push(String(url))
      if (answer instanceof Response) return answer
      return new Response(typeof answer === 'string' ? answer : JSON.stringify(answer))
    },
  }
  const listing = await listRepository(hub, 'owner/name', revision)
  return { ...listing, asked }
}

const repository = (...siblings: object[]) => ({ sha: COMMIT, siblings })

test('a revision is a commit and its files, of which the large ones have a SHA-256', async () => {
  const { commit, files, asked } = await listed(
    repository(
      { rfilename: 'config.json', size: 12 },
      { rfilename: 'onnx/model.onnx', size: 34, lfs: { sha256: SHA } },
      { rfilename: 'README.md', size: null, lfs: null },
    ),
    'refs/pr/1',
  )
  expect(asked).toEqual(['https://hub.example/api/models/owner/name/revision/refs%2Fpr%2F1?blobs=true'])
  expect(commit).toBe(COMMIT)
  expect([...files]).toEqual([
    ['config.json', { bytes: 12, sha256: undefined }],
    ['onnx/model.onnx', { bytes: 34, sha256: SHA }],
    ['README.md', { bytes: undefined, sha256: undefined }],
  ])
})

test.each([
  ['no JSON', '<html>'],
  ['no commit', { ...repository(), sha: 'main' }],
  ['no files', { sha: COMMIT }],
  ['a size below 0', repository({ rfilename: 'a', size: -1 })],
  ['no SHA-256', repository({ rfilename: 'a', lfs: { sha256: 'A'.repeat(64) } })],
])('an answer with %s is no repository’s list', async (_, answer) => {
  await expect(listed(answer)).rejects.toMatchObject({
    code: 'hub_failed',
    message: "owner/name at main: the hub's answer is not a repository's list",
  })
})

test.each(['../outside', '/etc/passwd', 'a/../../b', 'a\\b', 'a\0b'])(
  'a file that would leave the folder is refused: %j',
  async (rfilename) => {
    await expect(listed(repository({ rfilename: 'config.json' }, { rfilename }))).rejects.toMatchObject({
      code: 'file_name_refused',
    })
  },
)

test('a list without end is not read to its end', async () => {
  let pulled = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++
      controller.enqueue(new Uint8Array(1024 * 1024).fill(32))
    },
  })
  await expect(listed(new Response(body))).rejects.toMatchObject({
    code: 'hub_failed',
    message: expect.stringContaining('larger than 16777216 bytes'),
  })
  expect(pulled).toBeLessThan(20)
})

test('one that breaks off may be asked for again', async () => {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"sha":'))
      controller.error(Object.assign(new Error('gone'), { code: 'ECONNRESET' }))
    },
  })
  const thrown = await listed(new Response(body)).catch((error: unknown) => error)
  expect(thrown).toBeInstanceOf(Transient)
  expect(thrown).toMatchObject({
    failure: { code: 'hub_unreachable', message: 'owner/name at main: the list broke off (ECONNRESET)' },
  })
})
