import type { TestProject } from 'vitest/node'
import { freePort } from '../../bench/kit.ts'
import type { StackFile } from '../../local/stack-file.ts'
import { testCatalog } from '../fixtures/stack/plans.ts'
import { startTestStack } from '../fixtures/stack/start-test-stack.ts'
import { startOddHost } from './odd-host.ts'

declare module 'vitest' {
  interface ProvidedContext {
    stack: StackFile
    /** Folder of the stack: the issuer's keys and what the parts print (`stack.log`) lie in it. */
    stackDir: string
    /** A second edge on the same parts. */
    secondEdge: string
    /** File through which the host's models are slowed down. */
    pace: string
    /** Variables of an edge before the stack's parts. */
    edgeVariables: Record<string, string>
    /** An edge before a host that nobody runs, and one before a store that nobody runs. */
    hostlessEdge: string
    storelessEdge: string
    /**
     * An edge that gives anonymous users the plan free, refuses unverified Supabase users, and waits for a body for half a
     * second.
     */
    lenientEdge: string
    /** An edge before a host that does odd things (test/stack/odd-host.ts), which gives a request five seconds. */
    oddEdge: string
    /** That host; GET gives its counts. */
    oddHost: string
    /**
     * An edge with `/metrics`, a forecast of one request a month, a bound for the whole deployment and a ledger that is away; and where
     * the host's own metrics are.
     */
    meteredEdge: string
    hostMetrics: string
    /** An edge that lacks variables. */
    unsetEdge: string
  }
}

export const WEB_ORIGIN = 'https://app.example'
export const EXTENSION_ORIGIN = 'chrome-extension://abcdefghijklmnopabcdefghijklmnop'
const ONE_REQUEST = {
  ...{ combination: 'test', requests: 1, prompt_tokens: 1, output_tokens: 1 },
  bills: [{ load: 1, usd: 1 }],
}
const MUCH = { day: 1e12, month: 1e13 }
/** Nothing listens on the discard port of a test machine. */
const NOBODY = 'http://127.0.0.1:9'

/** Runs the whole stack for the tests, as `npm start` does, on free ports. */
export default async function runningStack(project: TestProject) {
  // Nobody says where the host gives them, so the port is chosen here.
  const metricsPort = String(await freePort())
  const { stack, dir, pace } = await startTestStack('test-stack', {
    edgeVariables: { ALLOWED_ORIGINS: `${WEB_ORIGIN},${EXTENSION_ORIGIN}` },
    catalog: testCatalog,
    hostVariables: { HOST_METRICS_PORT: metricsPort },
  })
  const oddHost = await startOddHost()
  const [second, hostless, storeless, lenient, odd, metered, unset] = await Promise.all([
    stack.startEdge(0),
    stack.startEdge(0, { HOST_URL: NOBODY }),
    stack.startEdge(0, { UPSTASH_REDIS_REST_URL: NOBODY }),
    stack.startEdge(0, { ANONYMOUS_PLAN: 'free', SUPABASE_CONFIRMS_EMAIL: 'false', BODY_TIMEOUT_MS: '500' }),
    stack.startEdge(0, { HOST_URL: oddHost.url, REQUEST_TIMEOUT_MS: '5000' }),
    stack.startEdge(0, {
      ...{ METRICS: 'on', COST_FORECAST: JSON.stringify(ONE_REQUEST) },
      ...{ LEDGER_SUPABASE_URL: NOBODY, LEDGER_SUPABASE_KEY: 'sb_secret_none' },
      CATALOG: JSON.stringify({ ...stack.file.catalog, project: { budgets: MUCH } }),
    }),
    stack.startEdge(0, { HOST_URL: '', UPSTASH_REDIS_REST_TOKEN: '' }),
  ])
  project.provide('stack', stack.file)
  project.provide('stackDir', dir)
  project.provide('pace', pace)
  project.provide('secondEdge', second.ready.url)
  project.provide('edgeVariables', stack.edgeVariables)
  project.provide('hostlessEdge', hostless.ready.url)
  project.provide('storelessEdge', storeless.ready.url)
  project.provide('oddEdge', odd.ready.url)
  project.provide('oddHost', oddHost.url)
  project.provide('meteredEdge', metered.ready.url)
  project.provide('hostMetrics', `http://127.0.0.1:${metricsPort}`)
  project.provide('unsetEdge', unset.ready.url)
  project.provide('lenientEdge', lenient.ready.url)
  return async () => {
    await oddHost.stop()
    await stack.stop()
  }
}
