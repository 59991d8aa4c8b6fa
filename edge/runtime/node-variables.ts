import * as z from 'zod'
import { EmulatorList } from './node-emulators.ts'
import { OTLP_VARIABLES } from './otlp.ts'
import type { Variable } from './read-variables.ts'
import { whole } from './whole.ts'

/**
 * The variables of the edge as a server of its own, beside EDGE_VARIABLES. site/reference/edge-words.ts says
 * what each means.
 */
export const NODE_VARIABLES = {
  EDGE_BIND: {
    fallback: '127.0.0.1',
    schema: z.string().min(1).max(255),
  },
  EDGE_PORT: {
    fallback: '8787',
    schema: whole(0, 65_535),
  },
  EDGE_PROXIES: {
    fallback: '0',
    schema: whole(0, 10),
  },
  EDGE_EMULATORS: {
    fallback: '',
    schema: EmulatorList,
  },
  EDGE_DRAIN_SECONDS: {
    fallback: '30',
    schema: whole(0, 3600),
  },
  EDGE_SCHEDULE_SECONDS: {
    fallback: '60',
    schema: whole(0, 3600),
  },
  ...OTLP_VARIABLES,
} as const satisfies Record<string, Variable>
