import type { ClaimNames, OwnerField } from '../identity/owner-claims.ts'
import { type OwnerState, SyncError } from './port.ts'

/**
 * The claims to write so that `state` is read from where the edge looks for it (edge/identity/owner-claims.ts). What else
 * the owner has written into the object stays.
 * @param held the claims, or `app_metadata`, that the issuer has
 * @returns claims by name; null for one to remove
 * @throws SyncError refused where the object is something else already, which is not ours to overwrite
 */
export function claimsToWrite(
  held: Readonly<Record<string, unknown>>,
  { object, others }: ClaimNames,
  { plan, status }: OwnerState,
): Record<string, unknown> {
  const before = Object.hasOwn(held, object) ? held[object] : undefined
  if (before != null && (typeof before !== 'object' || Array.isArray(before)))
    throw new SyncError('refused', 'The claim that should hold what the owner says is no object.')
  const inside: Record<string, unknown> = { ...before }
  const written: Record<string, unknown> = {}
  const set = (field: OwnerField, value: string | null) => {
    const other = others[field]
    if (other !== undefined) written[other] = value
    else {
      if (value === null) delete inside[field]
      else inside[field] = value
      written[object] = Object.keys(inside).length === 0 ? null : inside
    }
  }
  if (plan !== undefined) set('plan', plan)
  // An active user has no `status`.
  if (status !== undefined) set('status', status === 'active' ? null : status)
  return written
}
