import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { otherDates } from '../../fixtures/other-dates.ts'
import { filesLike, ROOT } from '../../fixtures/pages.ts'

type Step = { uses?: string; run?: string; with?: Record<string, unknown> }
type Job = {
  uses?: string
  steps?: Step[]
  strategy?: { matrix: Record<string, unknown[]> }
  permissions?: Record<string, string>
  'timeout-minutes'?: number
}
type Workflow = {
  on: Record<string, unknown>
  permissions?: Record<string, string>
  jobs: Record<string, Job>
}

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const paths = filesLike('.github/workflows/*.yml')
const workflows = paths.map((path) => ({ path, text: read(path), workflow: parse(read(path)) as Workflow }))
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }

/** The only jobs that may write anything, and what. */
const WRITERS: Record<string, Record<string, string>> = {
  '.github/workflows/images.yml publish': { contents: 'read', packages: 'write' },
}

/** The command lines of a step: comments dropped, continued lines joined. */
function commandsOf({ run = '' }: Step): string[] {
  return run
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

/** Whether a command is one of the project's own, or docker's or wrangler's. One line is one command. */
function isOurs(command: string): boolean {
  if (/[;&|`]|\$\(/.test(command)) return false
  const [first = '', second = '', third = ''] = command.split(/\s+/)
  if (first === 'npm') return second === 'test' || (second === 'run' && third in scripts)
  if (first === 'npx') return second === 'wrangler'
  if (first === 'docker') return true
  return /^\.(ci|github\/scripts)\//.test(first) && isExecutable(first)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(join(ROOT, path), constants.X_OK)
    return true
  } catch {
    return false
  }
}

// A runner says that it is CI, where no test may be left out for want of a package (test/extension/firefox.ts).
it('whatever runs all tests has what .ci/packages installs', () => {
  const whole = /^npm (test|run test:(dates -- --date|repeats -- --project) \S.*)$/
  const jobs = workflows.flatMap(({ path, workflow }) =>
    Object.entries(workflow.jobs).map(([name, { steps = [] }]) => ({
      job: `${path} ${name}`,
      commands: steps.flatMap(commandsOf),
    })),
  )
  const all = jobs.filter(({ commands }) => commands.some((command) => whole.test(command)))
  expect(all.map(({ job }) => job)).toEqual([
    '.github/workflows/nightly.yml dates',
    '.github/workflows/weekly.yml repeats',
  ])
  for (const { commands } of all)
    expect(commands.indexOf('.ci/packages')).toBe(commands.findIndex((command) => whole.test(command)) - 1)
  expect(commandsOf({ run: read('.ci/run') })).toContain('.ci/packages')
})

it('each night has each date that there is', () => {
  const nightly = workflows.find(({ path }) => path.endsWith('nightly.yml'))
  const dates = nightly?.workflow.jobs.dates?.strategy?.matrix.date
  expect(dates).toEqual(otherDates(Date.now()).map(({ name }) => name))
})

it('there are the workflows that CONTRIBUTING.md tells of', () => {
  const names = paths.map((path) => path.split('/').at(-1))
  expect(names).toEqual(['check.yml', 'deploy.yml', 'images.yml', 'nightly.yml', 'test.yml', 'weekly.yml'])
})

describe.each(workflows)('$path', ({ path, text, workflow }) => {
  const jobs = Object.entries(workflow.jobs)
  const steps = jobs.flatMap(([, job]) => job.steps ?? [])

  it('may read, and nothing else but what is listed here', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' })
    for (const [name, { permissions }] of jobs) expect(permissions, name).toEqual(WRITERS[`${path} ${name}`])
  })

  it('never runs a stranger’s code with rights of this repository', () => {
    expect(Object.keys(workflow.on)).not.toContain('pull_request_target')
    expect(Object.keys(workflow.on)).not.toContain('workflow_run')
    expect(text).not.toContain('secrets: inherit')
  })

  it('calls the project’s own scripts, docker and wrangler alone', () => {
    const commands = steps.flatMap(commandsOf)
    expect(commands.filter((command) => !isOurs(command))).toEqual([])
    expect(commands.length + jobs.filter(([, { uses }]) => uses).length).toBeGreaterThan(0)
  })

  it('puts no expression into a command: what an event says could be one', () => {
    expect(steps.filter(({ run }) => run?.includes('${{'))).toEqual([])
  })

  it('pins each action by its commit, with the version beside it, and each ends in time', () => {
    for (const [, use = '', comment] of text.matchAll(/\buses: (\S+)(.*)/g))
      if (use.startsWith('./')) expect(existsSync(join(ROOT, use)), use).toBe(true)
      else expect(`${use}${comment}`).toMatch(/^[\w-]+\/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
    for (const [name, job] of jobs)
      if (!job.uses) expect(job['timeout-minutes'], name).toBeLessThanOrEqual(180)
  })

  it('leaves no token behind in the checkout', () => {
    const checkouts = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'))
    for (const { with: options } of checkouts) expect(options?.['persist-credentials']).toBe(false)
  })
})

describe('deploy.yml', () => {
  const { workflow } = workflows.find(({ path }) => path.endsWith('deploy.yml')) ?? {}
  const jobs = workflow?.jobs as Record<string, Job & { needs?: string; environment?: string }>

  it('goes from the tests to staging to production, each behind its own environment', () => {
    expect(jobs.staging).toMatchObject({ needs: 'test', environment: 'staging' })
    expect(jobs.production).toMatchObject({ needs: 'staging', environment: 'production' })
    const deployed = (job?: Job) =>
      (job?.steps ?? []).flatMap(commandsOf).filter((one) => one.startsWith('npx'))
    expect(deployed(jobs.staging)).toEqual(['npx wrangler deploy --env staging'])
    expect(deployed(jobs.production)).toEqual(['npx wrangler deploy --env=""'])
    expect(read('wrangler.toml')).toContain('[env.staging')
  })
})

it('forms and updates parse', () => {
  const others = filesLike('.github/*.yml', '.github/ISSUE_TEMPLATE/*.yml')
  expect(others.length).toBeGreaterThan(2)
  for (const path of others) expect(parse(read(path)), path).toBeTypeOf('object')
})
