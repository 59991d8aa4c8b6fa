import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { NODE_VARIABLES } from '../../../edge/runtime/node-variables.ts'
import { EDGE_VARIABLES } from '../../../edge/runtime/variables.ts'
import { VARIABLES } from '../../../inference-host/config.ts'
import { ROOT } from '../../fixtures/imports.ts'

type Service = {
  build?: { context: string; dockerfile: string }
  command?: string[]
  network_mode?: string
  ports?: string[]
  environment?: Record<string, string>
  depends_on?: string[]
  volumes?: string[]
}
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8')
const FILE = read('deploy/compose.yaml')
const { services, volumes } = parse(FILE) as { services: Record<string, Service>; volumes: object }
const environmentOf = (name: string) => services[name]?.environment ?? {}
const requiredOf = (table: Record<string, { fallback: string | undefined }>) =>
  Object.keys(table).filter((name) => table[name]?.fallback === undefined)

it('gives each hop variables that it reads, and all that it must have', () => {
  const edge = Object.keys(environmentOf('edge'))
  const known = { ...EDGE_VARIABLES, ...NODE_VARIABLES }
  expect(edge.filter((name) => !(name in known))).toEqual([])
  expect(requiredOf(known).filter((name) => !edge.includes(name))).toEqual([])
  expect(edge).not.toContain('EDGE_EMULATORS')
  expect(edge).toContain('CATALOG')
  const host = Object.keys(environmentOf('host'))
  expect(host.filter((name) => !(name in VARIABLES))).toEqual([])
  expect(requiredOf(VARIABLES).filter((name) => !host.includes(name))).toEqual([])
})

it('holds no secret, and gives each service its own alone', () => {
  for (const [name, { environment = {} }] of Object.entries(services))
    for (const [variable, value] of Object.entries(environment))
      if (/KEY|TOKEN|SECRET|PASSWORD/.test(variable) && value !== '')
        expect([name, variable, value]).toEqual([name, variable, expect.stringMatching(/^\$\{\w+:[?-]\}$/)])
  const seen = (secret: string) =>
    Object.keys(services).filter((name) => JSON.stringify(environmentOf(name)).includes(`{${secret}:`))
  expect(seen('SERVICE_TOKEN_PRIVATE_KEY')).toEqual(['edge'])
  expect(seen('REDIS_REST_TOKEN')).toEqual(['redis-rest', 'edge'])
  expect(seen('LEDGER_KEY')).toEqual(['ledger', 'edge'])
  expect(seen('POSTGRES_PASSWORD')).toEqual(['postgres', 'ledger'])
  expect(seen('HOST_REDIS_REST_TOKEN')).toEqual(['redis-rest-host', 'host'])
})

it("publishes the edge's port alone, on this machine", () => {
  const published = Object.values(services).flatMap(({ ports = [] }) => ports)
  expect(published).toEqual([`127.0.0.1:8787:${NODE_VARIABLES.EDGE_PORT.fallback}`])
  const others = Object.entries(services).filter(([name]) => name !== 'redis')
  expect(others.map(([, { network_mode }]) => network_mode)).toEqual(others.map(() => 'service:redis'))
  expect(services.postgres?.command).toEqual(['postgres', '-c', 'listen_addresses=127.0.0.1'])
  expect(services.redis?.command?.slice(0, 3)).toEqual(['redis-server', '--bind', '127.0.0.1'])
})

it('asks everybody for the password of the database, since all are on its loopback', () => {
  // The image's own `initdb` trusts 127.0.0.1 and ::1.
  expect(environmentOf('postgres').POSTGRES_INITDB_ARGS).toBe('--auth-host=scram-sha-256')
})

it("lets the host's user do what docs/jobs.md says, and no more", () => {
  const [, rules = ''] = /^ACL SETUSER host on '>secret' (.*)$/m.exec(read('docs/jobs.md')) ?? []
  const command = services.redis?.command ?? []
  const user = command.slice(command.lastIndexOf('--user') + 1)
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is Compose's
  expect(user).toEqual(['host', 'on', '>${HOST_REDIS_PASSWORD:?}', ...rules.replaceAll("'", '').split(' ')])
})

it('builds of files that are there', () => {
  const builds = Object.values(services).flatMap(({ build }) => build ?? [])
  const files = builds.map(({ context, dockerfile }) => path.join(ROOT, 'deploy', context, dockerfile))
  expect(files.length).toBeGreaterThan(4)
  expect(files.filter((file) => !existsSync(file))).toEqual([])
  // Each .dockerignore counts from there.
  expect(new Set(builds.map(({ context }) => context))).toEqual(new Set(['..']))
})

it('asks for variables that the page writes or the reference has', () => {
  const asked = [...FILE.matchAll(/\$\{(\w+):([?-])/g)].map(([, name = '', kind]) => ({ name, kind }))
  const required = new Set(asked.flatMap(({ name, kind }) => (kind === '?' ? [name] : [])))
  const [, block = ''] = /cat > deploy\/\.env <<EOF\n(.*?)\nEOF/s.exec(read('docs/switch.md')) ?? []
  const lines = block.split('\n').map((line) => line.slice(0, line.indexOf('=')))
  expect(lines.filter((name) => !asked.some((one) => one.name === name))).toEqual([])
  expect([...required].filter((name) => !lines.includes(name))).toEqual([])
  const reference = read('docs/configuration.md')
  const optional = asked.filter(({ kind }) => kind === '-').map(({ name }) => name)
  expect(optional.filter((name) => !reference.includes(`\`${name}\``))).toEqual([])
})

it('waits for services that there are, and for no health that nobody checks', () => {
  for (const [name, { depends_on = [], volumes: mounts = [] }] of Object.entries(services)) {
    // A list waits for the start alone. A condition in its place would need a health check of what it waits for.
    expect(depends_on, name).toBeInstanceOf(Array)
    expect(depends_on.filter((other) => !(other in services))).toEqual([])
    expect(mounts.map((mount) => mount.split(':')[0] ?? '').filter((mount) => !(mount in volumes))).toEqual(
      [],
    )
  }
})
