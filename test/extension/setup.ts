import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { pageOrigins } from '../../local/page-origins.ts'
import type { StackFile } from '../../local/stack-file.ts'
import type { Catalog } from '../../shared/catalog.ts'
import { planLike, planOf } from '../fixtures/catalog.ts'
import { installOwnPackages } from '../own-packages.ts'
import { startTestStack } from '../stack/start-test-stack.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Folders of the built extension: for this stack with each platform, and as it would be published. */
    built: Record<'supabase' | 'firebase' | 'firefoxLocal' | 'published' | 'firefox', string>
  }
}

const ROOT = join(import.meta.dirname, '../..')
const EXAMPLE = join(ROOT, 'examples/extension')
const OUT = join(ROOT, '.local/test-extension-built')

/** The stack as `npm start` runs it, and the example built for it in each way. */
export default async function extensionAndStack(project: TestProject) {
  installOwnPackages('examples/extension')
  const { stack, dir, pace } = await startTestStack('test-extension', {
    edgeVariables: { ALLOWED_ORIGINS: pageOrigins([]) },
    catalog: withOneAnswer,
  })
  try {
    rmSync(OUT, { recursive: true, force: true })
    mkdirSync(OUT, { recursive: true })
    npm('run', 'build:client', {}, ROOT)
    npm('run', 'check')
    const { supabase, firebase } = signIns(stack.file)
    build('supabase', supabase, stack.file, 'build')
    build('firebase', firebase, stack.file, 'build')
    build('firefox-local', supabase, stack.file, 'build:firefox')
    build('published', PUBLISHED, stack.file, 'build:production')
    build('firefox', PUBLISHED, stack.file, 'build:production:firefox')
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
function build(name: string, signIn: object, { edge }: StackFile, script: string): void {
  const config = join(OUT, `${name}.config.ts`)
  const local = { edge: edge.url, signIn, longestText: 1200, longestAnswer: 256 }
  const production = { ...local, edge: 'https://twohop.acme.test' }
  const written = Object.entries({ local, production }).map(
    ([name, config]) => `export const ${name} = ${JSON.stringify(config, null, 2)}\n`,
  )
  writeFileSync(config, written.join(''))
  npm('run', script, { TWOHOP_CONFIG: config, TWOHOP_OUT: join(OUT, name) })
}

function npm(run: 'run', script: string, variables: Record<string, string> = {}, cwd = EXAMPLE): void {
  const { status, stdout, stderr } = spawnSync('npm', [run, script], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...variables },
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw new Error(`npm run ${script} in ${cwd} failed:\n${stdout}${stderr}`)
}
