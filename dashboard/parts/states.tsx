import type { ComponentChildren } from 'preact'
import { NotServed, Refused } from '../api/refused.ts'
import type { Polled } from './use-polled.ts'

/** What went wrong, in the edge's own words, with what its operator needs to know. */
export function Failure({ error }: { error: unknown }) {
  if (error instanceof NotServed)
    return <p class="quiet">Not served by this edge: it is of an older version.</p>
  if (error instanceof Refused)
    return (
      <div class="told" role="alert">
        {error.message} <span class="quiet">({error.refusal.code}</span>
        <span class="quiet">, request {error.refusal.requestId})</span>
      </div>
    )
  return (
    <div class="told" role="alert">
      {error instanceof Error ? error.message : 'Something went wrong.'}
    </div>
  )
}

type Props<T> = {
  of: Polled<T>
  /** What stands there where there is nothing to show. */
  empty?: string
  isEmpty?: (value: T) => boolean
  children: (value: T) => ComponentChildren
}

/** What was asked for: on its way, failed, empty, or there. A failure after the first answer stands above the last one. */
export function Loaded<T>({ of: { value, error }, empty, isEmpty, children }: Props<T>) {
  return (
    <>
      {error !== undefined && <Failure error={error} />}
      {value === undefined && error === undefined && <p aria-busy="true">Loading</p>}
      {value !== undefined && (isEmpty?.(value) ? <p class="quiet">{empty}</p> : children(value))}
    </>
  )
}
