import type { TokenBytes } from './cache.ts'
import type { Row } from './request.ts'

type Sized = { request: Pick<Row['request'], 'text' | 'most' | 'background'> }

/**
 * The bytes that rows take at their longest. Texts are padded to the longest of all. The written tokens are there
 * twice, as before a step and as after it. One more row is for rows that are copied while others leave and join.
 */
export function needOf(rows: readonly Sized[], bytes: TokenBytes): number {
  if (rows.length === 0) return 0
  const longest = Math.max(...rows.map(({ request }) => request.text.length))
  const most = Math.max(...rows.map(({ request }) => request.most))
  return (rows.length + 1) * (longest * bytes.read + 2 * most * bytes.written)
}

/**
 * Those that wait and fit into memory beside the ones under way, in order of arrival. None overtakes another, but
 * background work lets all others go first. One text alone always fits.
 */
export function admissible<R extends Sized>(
  waiting: readonly R[],
  underWay: readonly R[],
  { bytes, memoryBytes }: { bytes: TokenBytes; memoryBytes: number },
): R[] {
  const inBackground = ({ request }: R) => request.background === true
  const line = [...waiting.filter((row) => !inBackground(row)), ...waiting.filter(inBackground)]
  const first = line.findIndex((row, i) => {
    const all = [...underWay, ...line.slice(0, i), row]
    return all.length > 1 && needOf(all, bytes) > memoryBytes
  })
  return first < 0 ? line : line.slice(0, first)
}
