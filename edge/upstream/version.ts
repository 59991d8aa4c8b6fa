import type { Model } from '../../shared/catalog.ts'
import { HOST } from '../../shared/upstreams.ts'
import { drawnBy, hashOf } from './prefix.ts'

/**
 * The version of a model that an account gets; undefined where the model has none. An account keeps its version as long as the
 * weights are the same. Where they change, accounts move only to versions that weigh more than before, or from such that weigh
 * less (rendezvous hashing with weights, Schindelhauer and Schomaker 2005). Accounts are spread anew for each model.
 */
export function versionOf(
  { id, versions = [] }: Pick<Model, 'id' | 'versions'>,
  account: string,
): string | undefined {
  return drawnBy(
    versions.filter(({ weight }) => weight > 0),
    hashOf(`${id}\n${account}`),
  )?.id
}

/** The version that every account gets, where that is one: it is known before the account is. */
export function onlyVersion({ versions = [] }: Pick<Model, 'versions'>): string | undefined {
  const [first, second] = versions.filter(({ weight }) => weight > 0)
  return second === undefined ? first?.id : undefined
}

/** What the host of HOST_URL calls a model, or a version of it; undefined where that version is computed elsewhere alone. */
export function hostName(
  model: Pick<Model, 'id' | 'versions'>,
  version: string | undefined,
): string | undefined {
  const found = model.versions?.find(({ id }) => id === version)
  if (!found?.upstreams) return found?.model ?? model.id
  const place = [...found.upstreams, ...(found.fallback ?? [])].find(({ id }) => id === HOST)
  return place && (place.model ?? model.id)
}
