import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { rowsOfPage } from '../../fixtures/clients-table.ts'
import { filesLike, ROOT } from '../../fixtures/pages.ts'

const text = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const rows = rowsOfPage()
const works = rows.filter(({ here }) => here === 'ok')

/** Each feature of the suite as `client: feature`, in the order of its files. */
const tested = filesLike('test/clients/*.test.ts').flatMap((file) => {
  let client = ''
  return [
    ...text(file).matchAll(/^ *(describe|it)(?:\.skipIf\(\w+\))?\(\s*(['`])(.*?)(?:\$\{why\})?\2,/gm),
  ].flatMap(([, word, , name = '']) => {
    if (word === 'describe') client = name
    return word === 'it' ? [`${client}: ${name}`] : []
  })
})

it('the table of docs/clients.md has every feature that the suite tries, and no other', () => {
  expect(tested.length).toBeGreaterThan(60)
  expect(works.map(({ client, feature }) => `${client}: ${feature}`).sort()).toEqual(tested.toSorted())
})

it('a hole has a reason', () => {
  for (const { here } of rows) expect(here).toMatch(/^ok$|^not (tried|supported): \w.{20}/)
})

it('names the versions that are installed for it', () => {
  const { dependencies } = JSON.parse(text('test/clients/package.json')) as {
    dependencies: Record<string, string>
  }
  const own = JSON.parse(text('client/package.json')) as { version: string }
  const python = new Map(
    text('test/clients/requirements.txt')
      .split('\n')
      .map((line) => line.split('==') as [string, string]),
  )
  const versionOf = (name: string) => {
    const [, package_] = /^(\w+) \(Python\)$/.exec(name) ?? []
    if (package_) return python.get(package_)
    return name === 'twohopFetch' ? own.version : dependencies[name]
  }
  for (const { client, version, here } of rows)
    if (here === 'ok')
      expect([client, version]).toEqual([client, client.split(' + ').map(versionOf).join(' + ')])
})

it('no package of the suite is locked to one registry’s host', () => {
  const { packages } = JSON.parse(text('test/clients/package-lock.json')) as {
    packages: Record<string, { resolved?: string; integrity?: string }>
  }
  const locked = Object.entries(packages).filter(([path]) => path !== '')
  expect(locked.length).toBeGreaterThan(50)
  expect(locked.filter(([, { resolved, integrity }]) => resolved || !integrity)).toEqual([])
})
