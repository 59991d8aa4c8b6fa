import * as z from 'zod'
import { EmulatorList } from './node-emulators.ts'
import { OTLP_VARIABLES } from './otlp.ts'
import type { Variable } from './read-variables.ts'
import { whole } from './whole.ts'

/**
 * The variables of the edge as a server of its own, beside EDGE_VARIABLES. The documentation's table is checked
 * against this.
 */
export const NODE_VARIABLES = {
  EDGE_BIND: {
    meaning: 'address to listen on',
    unit: 'address',
    fallback: '127.0.0.1',
    schema: z.string().min(1).max(255),
  },
  EDGE_PORT: {
    meaning: 'port to listen on; 0 picks a free one',
    unit: 'port',
    fallback: '8787',
    schema: whole(0, 65_535),
  },
  EDGE_PROXIES: {
    meaning:
      'proxies before the edge that append to `X-Forwarded-For`; none where clients connect themselves',
    unit: 'proxies',
    fallback: '0',
    schema: whole(0, 10),
  },
  EDGE_EMULATORS: {
    meaning: 'for development alone: emulators whose tokens are taken, which anybody can make',
    unit: 'firebase:id, supabase:URL, by comma',
    fallback: '',
    schema: EmulatorList,
  },
  EDGE_DRAIN_SECONDS: {
    meaning: 'longest that answers under way may go on after SIGTERM',
    unit: 's',
    fallback: '30',
    schema: whole(0, 3600),
  },
  EDGE_SCHEDULE_SECONDS: {
    meaning: 'time between two runs of the scheduled work; zero where another edge does it',
    unit: 's',
    fallback: '60',
    schema: whole(0, 3600),
  },
  ...OTLP_VARIABLES,
} as const satisfies Record<string, Variable>
