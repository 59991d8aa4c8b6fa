import * as z from 'zod'
import { entriesOf } from '../../shared/listed.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { Complaint } from './complaint.ts'
import { OTLP_VARIABLES } from './otlp.ts'
import { notEmpty, ownNames } from './own-names.ts'
import type { Variable, Variables } from './read-variables.ts'

/**
 * The variables of the edge as a function of Firebase, beside EDGE_VARIABLES. site/reference/edge-words.ts says
 * what each means.
 */
export const FIREBASE_VARIABLES = {
  CHECK_REVOKED: {
    fallback: 'false',
    schema: z.enum(['true', 'false']).transform((value) => value === 'true'),
  },
  ...OTLP_VARIABLES,
} as const satisfies Record<string, Variable>

const FirebaseConfig = z.object({ projectId: z.string().min(1) })

/**
 * The edge's variables from the environment of a function of Firebase, which keeps names that begin with FIREBASE_ for
 * itself (edge/runtime/own-names.ts). The users of the project in which the function runs are let in.
 */
export function fromFirebase(environment: Variables): Variables {
  const own = ownNames(environment, 'FIREBASE_')
  return {
    ...notEmpty(environment),
    ...own,
    FIREBASE_PROJECT_IDS: own.FIREBASE_PROJECT_IDS ?? projectOf(environment),
  }
}

/**
 * Why tokens cannot all be asked about, where CHECK_REVOKED says that they are: only the function's own project can be
 * asked.
 * @returns a complaint; none where the variable is not set
 */
export function refuseCheckRevoked(environment: Variables): Complaint[] {
  if (environment.CHECK_REVOKED !== 'true') return []
  const own = projectOf(environment)
  const others = entriesOf(fromFirebase(environment).FIREBASE_PROJECT_IDS ?? '').filter((id) => id !== own)
  if (own !== undefined && others.length === 0) return []
  const rule =
    `only the function's own project (${own ?? 'there is none'}) can be asked: ` +
    'no other may be in TWOHOP_FIREBASE_PROJECT_IDS'
  return [new Complaint('wrong', 'CHECK_REVOKED', rule)]
}

/** The project in which the function runs, as the platform names it. */
export function projectOf({ FIREBASE_CONFIG = '', GCLOUD_PROJECT }: Variables): string | undefined {
  const { data } = FirebaseConfig.safeParse(parseJson(FIREBASE_CONFIG))
  return data?.projectId ?? GCLOUD_PROJECT
}
