import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { download, type Wanted } from '../../../../inference-host/pull/download.ts'
import type { Hub } from '../../../../inference-host/pull/hub-request.ts'
import { Transient } from '../../../../inference-host/pull/retry.ts'
import { freshFolder } from '../../../fixtures/weights/folder.ts'
import { COMMIT, REPOSITORY_ID, sha256 } from '../../../fixtures/weights/hub-server.ts'

const CONTENT = new TextEncoder().encode('0123456789')
const WANTED: Wanted = {
  repository: REPOSITORY_ID,
  commit: COMMIT,
  name: 'onnx/a b.onnx',
  bytes: CONTENT.length,
  sha256: sha256(CONTENT),
}
const ETAG = '"of the file"'

let folder: string
let target: string
beforeEach(async () => {
  folder = await freshFolder()
  target = path.join(folder, 'onnx/model.onnx')
})

type Sent = { url: string; range: string | null; ifRange: string | null }

/** Downloads from a hub that gives this answer, and keeps what was sent and what was told. */
async function run(response: Response, wanted: Partial<Wanted> = {}) {
  const sent: Sent[] = []
  const told: [number, number][] = []
  const hub: Hub = {
    endpoint: 'https://hub.example',
    token: undefined,
    stallMs: 5000,
    signal: new AbortController().signal,
    async fetch(url, init) {
      const headers = new Headers(init?.headers)
      sent.push({ url: String(url), range: headers.get('range'), ifRange: headers.get('if-range') })
      return response
    },
  }
  const result = await download(hub, { ...WANTED, ...wanted }, target, (...at) => told.push(at)).catch(
    (thrown: unknown) => thrown,
  )
  return { result, sent, told }
}

/** A body of these bytes; it breaks off after them where it `breaks`. */
function body(bytes: Uint8Array, breaks = false): ReadableStream<Uint8Array> {
  let pulls = 0
  return new ReadableStream({
    pull(controller) {
      if (pulls++ === 0 && bytes.length > 0) controller.enqueue(bytes)
      else if (breaks) controller.error(Object.assign(new Error('gone'), { code: 'ECONNRESET' }))
      else controller.close()
    },
  })
}
const answer = (bytes: Uint8Array, headers: Record<string, string> = {}, status = 200) =>
  new Response(body(bytes), { status, headers: { etag: ETAG, ...headers } })

const left = async () => (await readdir(path.dirname(target)).catch(() => [])).sort()

/** The first four bytes of an earlier try, and the tag of the whole that they belong to. */
async function begun(etag = ETAG) {
  await run(new Response(body(CONTENT.subarray(0, 4), true), { headers: { etag } }))
}
const rest = (from: number, headers: Record<string, string> = {}) =>
  answer(CONTENT.subarray(from), { 'content-range': `bytes ${from}-9/10`, ...headers }, 206)

describe('a file', () => {
  test('is there under its own name once it is whole and right', async () => {
    const { result, sent, told } = await run(answer(CONTENT))
    expect(result).toMatchObject({ bytes: 10, sha256: WANTED.sha256 })
    expect(sent).toEqual([
      {
        url: `https://hub.example/${REPOSITORY_ID}/resolve/${COMMIT}/onnx/a%20b.onnx`,
        range: null,
        ifRange: null,
      },
    ])
    expect(told.at(-1)).toEqual([10, 10])
    expect(await readFile(target)).toEqual(Buffer.from(CONTENT))
    expect(await left()).toEqual(['model.onnx'])
  })

  test('of which nothing is known has the size that comes with it', async () => {
    const unknown = { bytes: undefined, sha256: undefined }
    const { result } = await run(answer(CONTENT, { 'content-length': '10' }), unknown)
    expect(result).toMatchObject({ bytes: 10 })
    const none = await run(answer(CONTENT), unknown)
    expect(none.result).toMatchObject({
      code: 'hub_failed',
      message: `${REPOSITORY_ID}/onnx/a b.onnx: the hub does not say how large it is`,
    })
  })
})

describe('a transfer that broke off', () => {
  test('keeps what it has, and says so', async () => {
    const { result } = await run(
      new Response(body(CONTENT.subarray(0, 4), true), { headers: { etag: ETAG } }),
    )
    expect(result).toBeInstanceOf(Transient)
    expect(result).toMatchObject({
      failure: { code: 'download_truncated', message: expect.stringContaining('ended after 4 of 10 bytes') },
    })
    expect(await left()).toEqual(['model.onnx.part', 'model.onnx.part.etag'])
  })

  test('goes on from there, if the file is still the same', async () => {
    await begun()
    const { result, sent, told } = await run(rest(4))
    expect(sent[0]).toMatchObject({ range: 'bytes=4-', ifRange: ETAG })
    expect(told).toEqual([[10, 10]])
    expect(result).toMatchObject({ sha256: WANTED.sha256 })
    expect(await left()).toEqual(['model.onnx'])
  })

  test('starts over where the hub sends it whole', async () => {
    await begun()
    const { result, told } = await run(answer(CONTENT))
    expect(told).toEqual([[10, 10]])
    expect(result).toMatchObject({ sha256: WANTED.sha256 })
  })

  test('starts over where its tag was weak: the bytes may be of another', async () => {
    await begun(`W/${ETAG}`)
    expect((await run(answer(CONTENT))).sent[0]).toMatchObject({ range: null, ifRange: null })
  })

  test.each([
    ['has no more bytes', () => answer(new Uint8Array(), { 'content-range': 'bytes */4' }, 416)],
    ['goes on from elsewhere', () => rest(5)],
    ['does not say from where', () => answer(CONTENT.subarray(4), {}, 206)],
  ])('is forgotten where the hub %s', async (_, given) => {
    await begun()
    const { result } = await run(given())
    expect(result).toMatchObject({ failure: { code: 'download_corrupt' } })
    expect(await left()).toEqual([])
  })
})

describe('what is not the file', () => {
  test.each([
    ['other bytes', new TextEncoder().encode('0123456780')],
    ['more bytes', new TextEncoder().encode('01234567890')],
  ])('is thrown away: %s', async (_, bytes) => {
    const { result } = await run(answer(bytes))
    expect(result).toBeInstanceOf(Transient)
    expect(result).toMatchObject({ failure: { code: 'download_corrupt' } })
    expect(await left()).toEqual([])
  })

  test('a size that the hub says itself counts more than the storage’s', async () => {
    const { result } = await run(answer(CONTENT.subarray(0, 4), { 'content-length': '4' }))
    expect(result).toMatchObject({ failure: { code: 'download_truncated' } })
  })
})

test('a place that cannot be written to is named as such', async () => {
  await writeFile(path.join(folder, 'onnx'), 'a file where the folder should be')
  const { result, sent } = await run(answer(CONTENT))
  expect(result).toMatchObject({ code: 'disk_failed' })
  expect(sent).toEqual([])
})
