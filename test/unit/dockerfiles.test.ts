import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { NODE_VARIABLES } from '../../edge/runtime/node-variables.ts'
import { VARIABLES } from '../../inference-host/config.ts'
import { readManifest } from '../../inference-host/weights/manifest.ts'
import { REPOSITORY } from '../fixtures/models.ts'

type Instruction = { name: string; value: string }

/** The instructions of a Dockerfile, comments dropped and continued lines joined. */
function instructions(file: string): Instruction[] {
  const text = readFileSync(path.join(REPOSITORY, file), 'utf8')
  return text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', value = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
      return { name, value: value.trim() }
    })
}

const included = readFileSync(path.join(REPOSITORY, '.dockerignore'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('!'))
  .map((line) => line.slice(1))

describe.each(['Dockerfile', 'Dockerfile.cuda'])('%s', (file) => {
  const all = instructions(file)
  const values = (name: string) => all.filter((one) => one.name === name).map(({ value }) => value)
  const lastStage = all.slice(all.findLastIndex(({ name }) => name === 'FROM'))

  test('is made of known instructions', () => {
    const known = 'FROM ARG WORKDIR COPY RUN ENV EXPOSE USER STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD'.split(' ')
    for (const { name } of all) expect(known).toContain(name)
  })

  test('copies what exists and what .dockerignore lets in, and lets in nothing else', () => {
    const own = values('COPY').filter((value) => !value.startsWith('--from='))
    const sources = own
      .flatMap((value) => value.split(/\s+/).slice(0, -1))
      .map((name) => name.replace(/\/$/, ''))
    for (const source of sources) expect(existsSync(path.join(REPOSITORY, source)), source).toBe(true)
    expect(sources.sort()).toEqual(included.toSorted())
  })

  test('copies from stages that it has', () => {
    const stages = values('FROM').map((value) => / AS (\w+)$/.exec(value)?.[1])
    const from = values('COPY').flatMap((value) => /^--from=(\w+)/.exec(value)?.[1] ?? [])
    expect(from).toContain('weights')
    for (const stage of from) expect(stages).toContain(stage)
  })

  test('calls scripts that exist', () => {
    const called = [...values('RUN'), ...values('CMD')]
      .flatMap((value) => [...value.matchAll(/\bnode["',\s]+([\w./-]+\.[jt]s)\b/g)])
      .map(([, script = '']) => script)
    expect(called).toContain('inference-host/pull/command.ts')
    expect(called).toContain('inference-host/main.ts')
    for (const script of called) expect(existsSync(path.join(REPOSITORY, script)), script).toBe(true)
  })

  test('its last user is not root, and a number', () => {
    const user = lastStage.filter(({ name }) => name === 'USER').at(-1)?.value
    expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/)
  })

  test('keeps no secret: the token is mounted for one command, no ARG or ENV holds one', () => {
    for (const value of [...values('ARG'), ...values('ENV')])
      expect(value).not.toMatch(/token|secret|password|private|credential/i)
    const pulls = values('RUN').filter((value) => value.includes('pull/command.ts'))
    expect(pulls).toEqual([
      expect.stringMatching(/^--mount=type=secret,id=hf_token,env=HF_TOKEN\s+node .* --frozen /),
    ])
  })

  test('installs production dependencies alone, with no install script', () => {
    const installs = values('RUN').filter((value) => value.includes('npm '))
    expect(installs).toEqual([expect.stringMatching(/^npm ci --omit=dev --ignore-scripts /)])
  })

  test('starts node itself, drains on SIGTERM, and is asked for /livez', () => {
    const last = (name: string) => lastStage.find((one) => one.name === name)?.value ?? ''
    expect(JSON.parse(last('CMD'))).toEqual(['node', 'inference-host/main.ts'])
    expect(last('STOPSIGNAL')).toBe('SIGTERM')
    const check = JSON.parse(/CMD (\[.*\])$/.exec(last('HEALTHCHECK'))?.[1] ?? '')
    expect(check.slice(0, 2)).toEqual(['node', '-e'])
    expect(check[2]).toContain('/livez')
    // It has to be a program at all.
    expect(() => new Function(check[2])).not.toThrow()
  })

  test('sets variables that the host reads, to a manifest that exists', async () => {
    const env = Object.fromEntries(
      (lastStage.find(({ name }) => name === 'ENV')?.value ?? '')
        .split(/\s+/)
        .map((pair) => pair.split(/=(.*)/s, 2)),
    )
    const { ORT_DISABLE_TELEMETRY, NODE_ENV, NODE_OPTIONS, ...ours } = env
    expect(ORT_DISABLE_TELEMETRY).toBe('1')
    expect(NODE_OPTIONS).toBe('--max-semi-space-size=8')
    expect(NODE_ENV).toBe('production')
    for (const name of Object.keys(ours)) expect(Object.keys(VARIABLES)).toContain(name)
    expect(env).toMatchObject({ HOST_BIND: '0.0.0.0', HOST_PORT: '8788' })
    expect(values('EXPOSE')).toEqual([env.HOST_PORT])
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is Docker's
    expect(env.MODELS_FILE).toBe('/app/${MANIFEST}')
    const manifest = /^MANIFEST=(.+)$/.exec(values('ARG')[0] ?? '')?.[1] ?? ''
    expect((await readManifest(path.join(REPOSITORY, manifest))).models.length).toBeGreaterThan(0)
  })
})

test('the CUDA image runs the install script of onnxruntime-node on purpose, on a base with CUDA 12 and cuDNN', () => {
  const all = instructions('Dockerfile.cuda')
  expect(all.map(({ value }) => value)).toContain(
    'ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js',
  )
  expect(all.findLast(({ name }) => name === 'FROM')?.value).toMatch(/nvidia\/cuda:12\.[\d.]+-cudnn-runtime-/)
})

describe('Dockerfile.edge', () => {
  const all = instructions('Dockerfile.edge')
  const values = (name: string) => all.filter((one) => one.name === name).map(({ value }) => value)
  const last = (name: string) => values(name).at(-1) ?? ''
  const script = JSON.parse(readFileSync(path.join(REPOSITORY, 'package.json'), 'utf8')).scripts['build:node']

  test('copies what its own .dockerignore lets in, and lets in nothing else', () => {
    const sources = values('COPY')
      .filter((value) => !value.startsWith('--from='))
      .flatMap((value) => value.split(/\s+/).slice(0, -1))
      .map((name) => name.replace(/\/$/, ''))
    const lets = readFileSync(path.join(REPOSITORY, 'Dockerfile.edge.dockerignore'), 'utf8').split('\n')
    expect(lets.filter((line) => line !== '' && !/^[#!]/.test(line))).toEqual(['*'])
    expect(sources.sort()).toEqual(lets.flatMap((line) => line.match(/^!(.+)$/)?.[1] ?? []).sort())
  })

  test('builds the edge with no install script, and keeps the one file of it', () => {
    expect(values('RUN')).toEqual(['npm ci --ignore-scripts', 'npm run --ignore-scripts build:node'])
    expect(script).toContain('esbuild edge/runtime/node.ts ')
    expect(script).toContain('--outfile=dist/node/edge.mjs')
    expect(values('COPY').at(-1)).toBe('--from=build /app/dist/node/ ./')
    expect(JSON.parse(last('CMD'))).toEqual(['node', 'edge.mjs'])
  })

  test('is not root, holds no secret, drains on SIGTERM, and is asked for /healthz', () => {
    expect(last('USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/)
    expect([...values('ARG'), ...values('ENV')].join()).not.toMatch(
      /token|secret|password|private|credential/i,
    )
    expect(last('STOPSIGNAL')).toBe('SIGTERM')
    const check = JSON.parse(/CMD (\[.*\])$/.exec(last('HEALTHCHECK'))?.[1] ?? '')
    expect(check[2]).toContain('/healthz')
    expect(() => new Function(check[2])).not.toThrow()
  })

  test('sets variables that the edge reads on Node', () => {
    const env = Object.fromEntries(
      last('ENV')
        .split(/\s+/)
        .map((pair) => pair.split('=')),
    )
    expect(env).toEqual({ NODE_ENV: 'production', EDGE_BIND: '0.0.0.0', EDGE_PORT: '8787' })
    expect(Object.keys(NODE_VARIABLES)).toEqual(expect.arrayContaining(['EDGE_BIND', 'EDGE_PORT']))
    expect(values('EXPOSE')).toEqual([env.EDGE_PORT])
  })
})

test.each([
  ['redis-rest', 'dist/redis-rest/front.mjs', 'front.mjs'],
  ['ledger', 'dist/ledger/local/postgres/front.mjs', 'local/postgres/front.mjs'],
])('Dockerfile.%s keeps one file, is not root, and holds no secret', (image, out, file) => {
  const all = instructions(`Dockerfile.${image}`)
  const values = (name: string) => all.filter((one) => one.name === name).map(({ value }) => value)
  const lets = readFileSync(path.join(REPOSITORY, `Dockerfile.${image}.dockerignore`), 'utf8')
  const sources = values('COPY')
    .filter((value) => !value.startsWith('--from='))
    .flatMap((value) => value.split(/\s+/).slice(0, -1))
    .map((name) => name.replace(/\/$/, ''))
  expect(sources.sort()).toEqual([...lets.matchAll(/^!(.+)$/gm)].map(([, name]) => name).sort())
  expect(values('RUN')).toEqual(['npm ci --ignore-scripts', `npm run --ignore-scripts build:${image}`])
  const script = JSON.parse(readFileSync(path.join(REPOSITORY, 'package.json'), 'utf8')).scripts[
    `build:${image}`
  ]
  expect(script).toContain(`--outfile=${out}`)
  expect(JSON.parse(values('CMD').at(-1) ?? '')).toEqual(['node', file])
  expect(values('USER').at(-1)).toMatch(/^[1-9]\d*:[1-9]\d*$/)
  expect([...values('ARG'), ...values('ENV')].join()).not.toMatch(/token|secret|password/i)
})
