import * as z from 'zod'
import { modelUpstreams } from './upstreams.ts'

/** The most versions of a model. */
const MOST_VERSIONS = 16

/** A version of a model: who gets it, and where it is computed. */
export const Version = z.strictObject({
  /** Its name, in `x-model-version` and in the ledger. */
  id: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be letters, digits, ".", "_" and "-", 1 to 64 of them'),
  /** Its share of the accounts, relative to the others; 0 gives it to nobody. */
  weight: z.number().min(0).max(1000).default(1),
  /** What it is called on the host of HOST_URL, where it is computed if it names no upstreams. */
  model: z.string().min(1).max(200).optional(),
  ...modelUpstreams,
})
export type Version = z.infer<typeof Version>

/** What a model says of its versions. */
export const modelVersions = { versions: z.array(Version).min(1).max(MOST_VERSIONS).optional() }

type Versioned = z.infer<z.ZodObject<typeof modelVersions & typeof modelUpstreams>>

/** Complains of versions that share a name, that nobody gets, or that say twice where they are computed. */
export function checkVersions(
  models: readonly Versioned[],
  complain: (path: PropertyKey[], message: string) => void,
): void {
  for (const [i, { versions, upstreams }] of models.entries()) {
    if (versions === undefined) continue
    const wrong = (message: string, ...path: PropertyKey[]) =>
      complain(['models', i, 'versions', ...path], message)
    if (upstreams) complain(['models', i, 'upstreams'], 'are named by each version, where there are versions')
    if (new Set(versions.map(({ id }) => id)).size < versions.length) wrong('two versions share an id')
    if (versions.every(({ weight }) => weight === 0)) wrong('all have the weight 0')
    for (const [j, version] of versions.entries())
      if (version.upstreams && version.model !== undefined)
        wrong('is for a version without upstreams; these have names of their own', j, 'model')
  }
}
