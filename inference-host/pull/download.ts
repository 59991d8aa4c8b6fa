import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { digestFile } from '../weights/digest.ts'
import { ModelError } from '../weights/error.ts'
import { codeOf } from '../weights/manifest.ts'
import { type Hub, type HubAnswer, hubGet, type Watch, watch, wholeNumber } from './hub-request.ts'
import { Transient } from './retry.ts'

export type Wanted = {
  /** Hub id. */
  repository: string
  commit: string
  /** Path in the repository, known to be safe. */
  name: string
  /** What is known of the content before it is fetched. */
  bytes: number | undefined
  sha256: string | undefined
}

/**
 * Fetches one file of a repository to `target`, once. Bytes gather in `target.part`, beside the ETag they belong to;
 * a later try goes on where the last one stopped as long as the server still has that ETag (RFC 9110 section 13.1.5,
 * If-Range), and starts over otherwise. The file appears under its own name only whole and checked.
 * @param onBytes Called with the bytes received so far and the size.
 * @returns SHA-256 and size of the file.
 * @throws ModelError `disk_full`, `disk_failed` and hubGet's; Transient `download_truncated`, `download_corrupt`.
 */
export async function download(
  hub: Hub,
  wanted: Wanted,
  target: string,
  onBytes: (received: number, bytes: number) => void,
): Promise<{ sha256: string; bytes: number }> {
  const subject = `${wanted.repository}/${wanted.name}`
  const part = partOf(target)
  const watched = watch(hub)
  try {
    await onDisk(subject, mkdir(path.dirname(target), { recursive: true }))
    const begun = await part.begun()
    const name = wanted.name.split('/').map(encodeURIComponent).join('/')
    const range: Record<string, string> =
      begun === undefined ? {} : { range: `bytes=${begun.bytes}-`, 'if-range': begun.etag }
    const url = `/${wanted.repository}/resolve/${wanted.commit}/${name}`
    const answer = await hubGet(hub, url, subject, range, watched)
    const offset = answer.response.status === 206 ? (begun?.bytes ?? 0) : 0
    const bytes = await sizeOf(answer, wanted, subject, offset, part)
    await onDisk(subject, part.tag(answer.response.headers.get('etag'), offset))
    await receive(hub, answer.response, { part: part.file, offset, bytes, subject, watched, onBytes })
    return await finish(target, part, wanted.sha256 ?? answer.linked.sha256, bytes, subject)
  } finally {
    watched.done()
  }
}

type Part = ReturnType<typeof partOf>

/** The unfinished file beside `target`, and the ETag of the whole. */
function partOf(target: string) {
  const file = `${target}.part`
  const etagFile = `${target}.part.etag`
  const remove = async () => {
    await rm(file, { force: true })
    await rm(etagFile, { force: true })
  }
  return {
    file,
    remove,
    /** The rest of an earlier try, if it can be resumed. */
    async begun(): Promise<{ bytes: number; etag: string } | undefined> {
      try {
        const [{ size }, etag] = [await stat(file), await readFile(etagFile, 'latin1')]
        return size > 0 && etag.length < 500 ? { bytes: size, etag } : undefined
      } catch {
        return undefined
      }
    },
    /** Notes a strong ETag before the first byte is written; with a weak one or none nothing can be resumed. */
    async tag(etag: string | null, offset: number): Promise<void> {
      if (offset > 0) return
      if (etag?.startsWith('"')) await writeFile(etagFile, etag, 'latin1')
      else await rm(etagFile, { force: true })
    },
  }
}

/**
 * The size of the whole file. The hub's figure comes first. The size has to be known, or a truncated file would pass.
 */
async function sizeOf(
  { response, linked }: HubAnswer,
  wanted: Wanted,
  subject: string,
  offset: number,
  part: Part,
): Promise<number> {
  const served = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15})$/.exec(response.headers.get('content-range') ?? '')
  if (response.status === 416 || (response.status === 206 && Number(served?.[1] ?? -1) !== offset)) {
    await response.body?.cancel()
    await part.remove()
    throw new Transient(
      new ModelError('download_corrupt', `${subject}: the hub cannot go on from byte ${offset}`),
    )
  }
  const announced =
    response.status === 206 ? Number(served?.[2]) : wholeNumber(response.headers.get('content-length'))
  const bytes = wanted.bytes ?? linked.bytes ?? announced
  if (bytes !== undefined) return bytes
  await response.body?.cancel()
  throw new ModelError('hub_failed', `${subject}: the hub does not say how large it is`)
}

async function receive(
  hub: Hub,
  response: Response,
  to: {
    part: string
    offset: number
    bytes: number
    subject: string
    watched: Watch
    onBytes: (received: number, bytes: number) => void
  },
): Promise<void> {
  const { subject, bytes } = to
  const file = await onDisk(subject, open(to.part, to.offset > 0 ? 'r+' : 'w'))
  let received = to.offset
  let reason = 'the connection was closed'
  try {
    const chunks = (response.body ?? new ReadableStream<Uint8Array>()).getReader()
    while (received <= bytes) {
      const chunk = await chunks.read().catch((thrown) => {
        hub.signal.throwIfAborted()
        reason = to.watched.stalled()
          ? `no data for ${hub.stallMs / 1000} s`
          : `connection lost, ${reasonOf(thrown)}`
        return { done: true, value: undefined } as const
      })
      if (chunk.done) break
      to.watched.alive()
      await onDisk(subject, file.write(chunk.value, 0, chunk.value.length, received))
      received += chunk.value.length
      to.onBytes(received, bytes)
    }
    await chunks.cancel().catch(() => undefined)
    await onDisk(subject, file.sync())
  } finally {
    await file.close()
  }
  if (received < bytes)
    throw new Transient(
      new ModelError(
        'download_truncated',
        `${subject}: ended after ${received} of ${bytes} bytes (${reason})`,
      ),
    )
}

async function finish(
  target: string,
  part: Part,
  expected: string | undefined,
  bytes: number,
  subject: string,
): Promise<{ sha256: string; bytes: number }> {
  const found = await onDisk(subject, digestFile(part.file))
  if (found.bytes !== bytes || (expected !== undefined && found.sha256 !== expected)) {
    await part.remove()
    throw new Transient(
      new ModelError(
        'download_corrupt',
        `${subject}: got ${found.bytes} bytes with sha256 ${found.sha256}; it should be ${bytes} bytes` +
          (expected === undefined ? '' : ` with sha256 ${expected}`),
      ),
    )
  }
  await onDisk(subject, rename(part.file, target))
  await part.remove()
  return found
}

function reasonOf(thrown: unknown): string {
  return codeOf(thrown instanceof Error ? (thrown.cause ?? thrown) : thrown)
}

async function onDisk<T>(subject: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    const code = codeOf(cause)
    if (code === 'ENOSPC' || code === 'EDQUOT')
      throw new ModelError('disk_full', `${subject}: the disk is full (${code})`, cause)
    throw new ModelError('disk_failed', `${subject}: cannot be written (${code})`, cause)
  }
}
