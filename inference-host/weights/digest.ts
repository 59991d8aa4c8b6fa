import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'

/**
 * Reads a file once, in chunks.
 * @returns The SHA-256 in lowercase hex and the number of bytes that were read.
 * @throws What the file system throws (ENOENT, EACCES, EISDIR).
 */
export async function digestFile(file: string): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    hash.update(chunk)
    bytes += chunk.length
  }
  return { sha256: hash.digest('hex'), bytes }
}
