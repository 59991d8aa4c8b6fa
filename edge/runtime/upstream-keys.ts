import type { Upstream } from '../../shared/upstreams.ts'
import { Complaint } from './complaint.ts'
import type { Variables } from './read-variables.ts'

/** What may stand in a header: no line can be added to it. */
const KEY = /^[\x21-\x7e]{1,4096}$/

/**
 * The keys of the catalog's upstreams, by the names of the variables that hold them.
 * @returns pairs; or what is wrong, without any value
 */
export function upstreamKeys(
  upstreams: readonly Upstream[],
  variables: Variables,
): [name: string, key: string][] | { wrong: Complaint[] } {
  const names = new Set(upstreams.flatMap((one) => ('key' in one && one.key !== undefined ? [one.key] : [])))
  const keys: [string, string][] = []
  const wrong: Complaint[] = []
  for (const name of names) {
    const key: unknown = variables[name]
    if (typeof key !== 'string' || key === '')
      wrong.push(new Complaint('missing', name, 'is missing: an upstream of CATALOG names it'))
    else if (!KEY.test(key)) wrong.push(new Complaint('wrong', name, 'must be text without spaces and lines'))
    else keys.push([name, key])
  }
  return wrong.length > 0 ? { wrong } : keys
}
