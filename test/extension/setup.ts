import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { pageOrigins } from '../../local/page-origins.ts'
import type { StackFile } from '../../local/stack-file.ts'
import type { Catalog } from '../../shared/catalog.ts'
import { planLike, planOf } from '../fixtures/catalog.ts'
import { startTestStack } from '../fixtures/stack/start-test-stack.ts'
import { installOwnPackages, npm } from '../own-packages.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Folders of the built extension: for this stack with each platform, and as it would be published. */
    built: Record<'supabase' | 'firebase' | 'firefoxLocal' | 'published' | 'firefox', string>
  }
}

const ROOT = join(import.meta.dirname, '../..')
const EXAMPLE = join(ROOT, 'examples/extension')
const OUT = join(ROOT, '.local/test-extension-built')

/** The stack as `npm start` runs it, and the example built for it in each way; what does not name the stack is built meanwhile. */
export default async function extensionAndStack(project: TestProject) {
  const starting = startTestStack('test-extension', {
    edgeVariables: { ALLOWED_ORIGINS: pageOrigins([]) },
    catalog: withOneAnswer,
  })
  const building = buildPublished()
  // This waits for both, so that a stack which started beside a failure is known and can be stopped.
  await Promise.allSettled([starting, building])
  const { stack, dir, pace } = await starting
  try {
    await building
    const { supabase, firebase } = signIns(stack.file)
    await build('supabase', supabase, stack.file.edge.url, 'build')
    await build('firebase', firebase, stack.file.edge.url, 'build')
    await build('firefox-local', supabase, stack.file.edge.url, 'build:firefox')
  } catch (error) {
    await stack.stop()
    throw error
  }
  project.provide('stack', stack.file)
  project.provide('stackDir', dir)
  project.provide('pace', pace)
  project.provide('built', {
    supabase: join(OUT, 'supabase/chrome-mv3-dev'),
    firebase: join(OUT, 'firebase/chrome-mv3-dev'),
    firefoxLocal: join(OUT, 'firefox-local/firefox-mv3-dev'),
    published: join(OUT, 'published/chrome-mv3'),
    firefox: join(OUT, 'firefox/firefox-mv3'),
  })
  return () => stack.stop()
}

/** Installs what the example needs, checks its types, and builds it as it would be published. */
async function buildPublished(): Promise<void> {
  await installOwnPackages('examples/extension')
  await rm(OUT, { recursive: true, force: true })
  await mkdir(OUT, { recursive: true })
  await npm(['run', 'build:client'], ROOT)
  await npm(['run', 'check'], EXAMPLE)
  // No edge of this run: the address stands in the local part of the configuration, which is not published.
  await build('published', PUBLISHED, 'http://127.0.0.1:9', 'build:production')
  await build('firefox', PUBLISHED, 'http://127.0.0.1:9', 'build:production:firefox')
}

/** With a plan whose budget holds the worst case of one answer of 256 tokens, and not another after it. */
function withOneAnswer(catalog: Catalog): Catalog {
  const budgets = { day: 1150, month: 1150 }
  return {
    ...catalog,
    plans: [...catalog.plans, planLike(planOf('free', catalog), 'one-answer', { budgets })],
  }
}

/** What a developer of its own project would write. */
const PUBLISHED = {
  platform: 'supabase',
  url: 'https://abcdefghijklmnopqrst.supabase.co',
  publishableKey: 'sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH',
}

function signIns({ issuers: { firebase, supabase } }: StackFile) {
  return {
    supabase: { platform: 'supabase', url: supabase.url, publishableKey: 'sb_publishable_local' },
    firebase: {
      platform: 'firebase',
      projectId: firebase.projectId,
      apiKey: 'local',
      emulator: firebase.authUrl,
    },
  }
}

/** Builds it with a configuration of its own, as `TWOHOP_CONFIG=<file> npm run build` does. */
async function build(name: string, signIn: object, edge: string, script: string): Promise<void> {
  const config = join(OUT, `${name}.config.ts`)
  const local = { edge, signIn, longestText: 1200, longestAnswer: 256 }
  const production = { ...local, edge: 'https://twohop.acme.test' }
  const written = Object.entries({ local, production }).map(
    ([exported, value]) => `export const ${exported} = ${JSON.stringify(value, null, 2)}\n`,
  )
  await writeFile(config, written.join(''))
  await npm(['run', script], EXAMPLE, { TWOHOP_CONFIG: config, TWOHOP_OUT: join(OUT, name) })
}
