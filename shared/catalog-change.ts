import { Catalog } from './catalog.ts'
import { parseJson } from './parse-json.ts'
import { placed } from './placed.ts'
import { plainPath, plainWords } from './plain-words.ts'

/** The most characters of a catalog in Redis. */
export const CATALOG_CHARS = 256 * 1024

/** What a catalog in Redis has to agree with. */
export type Deployed = {
  catalog: Catalog
  /** Plans that variables name. */
  plans?: readonly (string | undefined)[]
}

/**
 * A catalog that is to take the place of the deployed one, or what is wrong with it. Where upstreams are, and what the whole
 * deployment may spend, is for a deployment alone to say: whoever may write to Redis must not be able to have prompts and
 * keys sent elsewhere.
 */
export function catalogOver(
  { catalog: deployed, plans = [] }: Deployed,
  text: string,
): { catalog: Catalog } | { wrong: string[] } {
  if (text.length > CATALOG_CHARS) return { wrong: [`is longer than ${CATALOG_CHARS} characters`] }
  const json = parseJson(text)
  if (json === undefined) return { wrong: ['is not JSON'] }
  const { success, data: catalog, error } = Catalog.safeParse(json, { error: plainWords })
  if (!success)
    return {
      wrong: error.issues.map(({ path, message }) => placed(plainPath(Catalog, path), message)),
    }
  const wrong = (['upstreams', 'project'] as const)
    .filter((field) => JSON.stringify(catalog[field]) !== JSON.stringify(deployed[field]))
    .map((field) => `${field}: must be as deployed; only a deployment changes that`)
  if (plans.some((plan) => plan !== undefined && !catalog.plans.some(({ id }) => id === plan)))
    wrong.push('plans: lacks the plan that a variable of the edge names')
  return wrong.length > 0 ? { wrong } : { catalog }
}
