import * as z from 'zod'
import { parseJson } from '../../shared/parse-json.ts'
import { readBoundedText } from '../../shared/read-bounded.ts'
import { ModelError } from '../weights/error.ts'
import { isSafeName } from '../weights/files.ts'
import { codeOf } from '../weights/manifest.ts'
import { type Hub, hubGet, watch } from './hub-request.ts'
import { Transient } from './retry.ts'

/** Far more than any repository's list takes. */
const MOST_BYTES = 16 * 1024 * 1024

const Listing = z.object({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  siblings: z
    .array(
      z.object({
        rfilename: z.string(),
        size: z.int().min(0).nullish(),
        lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }).nullish(),
      }),
    )
    .max(100_000),
})

/** What a hub says of a file; SHA-256 only of large ones. */
export type HubFile = { bytes: number | undefined; sha256: string | undefined }

/**
 * Asks the hub which commit a revision is, and which files it has (GET /api/models/{id}/revision/{revision}).
 * @throws ModelError `file_name_refused` where a name would leave the folder, `hub_denied`, `hub_not_found`,
 * `hub_failed`; Transient where another try may succeed.
 */
export async function listRepository(
  hub: Hub,
  id: string,
  revision: string,
): Promise<{ commit: string; files: Map<string, HubFile> }> {
  const subject = `${id} at ${revision}`
  const watched = watch(hub)
  try {
    const path = `/api/models/${id}/revision/${encodeURIComponent(revision)}?blobs=true`
    const { response } = await hubGet(hub, path, subject, {}, watched)
    const parsed = Listing.safeParse(parseJson(await readText(hub, response, subject, watched.alive)))
    if (!parsed.success)
      throw new ModelError('hub_failed', `${subject}: the hub's answer is not a repository's list`)
    const { sha, siblings } = parsed.data
    for (const { rfilename } of siblings)
      if (!isSafeName(rfilename))
        throw new ModelError(
          'file_name_refused',
          `${subject}: lists a file named ${JSON.stringify(rfilename.slice(0, 100))}, which leaves its folder`,
        )
    return {
      commit: sha,
      files: new Map(
        siblings.map(({ rfilename, size, lfs }) => [
          rfilename,
          { bytes: size ?? undefined, sha256: lfs?.sha256 },
        ]),
      ),
    }
  } finally {
    watched.done()
  }
}

async function readText(hub: Hub, response: Response, subject: string, alive: () => void): Promise<string> {
  const tooLong = () =>
    new ModelError('hub_failed', `${subject}: the list is larger than ${MOST_BYTES} bytes`)
  try {
    return await readBoundedText(response, { most: MOST_BYTES, tooLong, onPiece: alive })
  } catch (thrown) {
    hub.signal.throwIfAborted()
    if (thrown instanceof ModelError) throw thrown
    throw new Transient(
      new ModelError('hub_unreachable', `${subject}: the list broke off (${codeOf(thrown)})`, thrown),
    )
  }
}
