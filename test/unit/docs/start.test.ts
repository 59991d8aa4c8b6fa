import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { DEMO_PASSWORD, DEMO_USERS } from '../../../local/issuer/demo-users.ts'
import { MOST_USERS } from '../../../local/issuer/directory.ts'
import { CRON_MS } from '../../../local/keep-alive.ts'
import { StartConfig } from '../../../local/settings/schema.ts'
import { SETTABLE } from '../../../local/settings/sources.ts'
import { typedOptions } from '../../../local/start-options.ts'
import { ROOT } from '../../fixtures/pages.ts'

const page = readFileSync(join(ROOT, 'docs/start.md'), 'utf8')
const rows = [...page.matchAll(/^\| `(--[^`]*)` +\| `(\w+)` +\| ?(.*?) +\|/gm)].map(([, ...cells]) => cells)

it('has every field of twohop.config.ts in its table, each with its option and variable', () => {
  expect(rows.map(([, field]) => field).sort()).toEqual(Object.keys(StartConfig.shape).sort())
  for (const [option = '', field = '', variable = ''] of rows) {
    const words = option === '--set NAME=value' ? ['--set', 'A=1'] : [option, '1']
    const { settings } = typedOptions(['node', 'start.ts', ...words])
    expect(Object.keys(JSON.parse(JSON.stringify(settings)))).toEqual([field])
    const [, name] = /`(\w+)`/.exec(variable) ?? []
    if (name !== undefined) expect(Object.keys(SETTABLE)).toContain(name)
  }
})

it('names the demo users who can sign in, and what is bounded', () => {
  const named = Object.entries(DEMO_USERS).filter(([, { firebase }]) => 'email' in firebase)
  for (const [name] of named) expect(page).toContain(`\`${name}\``)
  expect(page).toContain(`\`${DEMO_PASSWORD}\``)
  expect(page).toContain(`at most ${MOST_USERS} users`)
})

it('says how long the ledger takes, as the page that is printed does', () => {
  const said = 'within about ten seconds'
  expect(CRON_MS).toBe(10_000)
  expect(page).toContain(said)
  expect(readFileSync(join(ROOT, 'local/announcement.ts'), 'utf8')).toContain(said)
})
