import { errorResponse, TwohopError } from '../../shared/errors.ts'
import { hasVectors, packVectors } from '../../shared/jobs/vectors.ts'
import type { Finished } from './port.ts'

type Result = NonNullable<Finished['result']>

/**
 * The largest result that is kept, in bytes: Upstash takes 10 MB in a request, and JSON in JSON may take half of that.
 */
const RESULT_BYTES = 4 * 1024 * 1024

/**
 * A JobResult of the route's answer to the request `id`, with its vectors packed; an error in its place where it is too
 * large to be kept.
 */
export async function keptResult(response: Response, id: string, path: string): Promise<Result> {
  const result = hasVectors(path) ? await packedResult(response, path) : await resultOf(response)
  if (Buffer.byteLength(result.json) <= RESULT_BYTES) return result
  return tooLargeResult(id, `A result may have ${RESULT_BYTES} bytes at most.`)
}

async function packedResult(response: Response, path: string): Promise<Result> {
  const body = packVectors(path, await response.json())
  return { json: JSON.stringify({ status: response.status, body }), failed: !response.ok }
}

/** A JobResult. The answer is JSON text, which is not parsed. */
export async function resultOf(response: Response): Promise<Result> {
  return { json: `{"status":${response.status},"body":${await response.text()}}`, failed: !response.ok }
}

/** What replaces a result that cannot be kept. */
export function tooLargeResult(id: string, why: string): Promise<Result> {
  return resultOf(errorResponse(new TwohopError('body_too_large', why), id))
}
