import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EDGE_VARIABLES } from '../../../edge/runtime/variables.ts'
import { ROOT } from '../../fixtures/pages.ts'

type Row = { fallback: string | undefined; secret?: true }

describe('wrangler.toml', () => {
  const sections = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8').split(/^\[/m)

  it.each(['', 'env.staging.'])('has what each worker must be given: [%svars]', (of) => {
    const section = (name: string) => sections.find((text) => text.startsWith(`${of}${name}]`)) ?? ''
    const needed = Object.entries<Row>(EDGE_VARIABLES).filter(([, { fallback }]) => fallback === undefined)
    const [secrets, plain] = [true, undefined].map((kind) =>
      needed.flatMap(([name, { secret }]) => (secret === kind ? [name] : [])),
    )
    const [, required = ''] = /^required = (\[.*\])$/m.exec(section('secrets')) ?? []
    expect(JSON.parse(required).toSorted()).toEqual(secrets?.toSorted())
    const vars = [...section('vars').matchAll(/^(\w+) = /gm)].map(([, name]) => name)
    expect(vars).toEqual(expect.arrayContaining(plain ?? []))
  })
})
