import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readVars, withVars } from '../../../../cli/init/wrangler-vars.ts'
import { ROOT } from '../../../fixtures/pages.ts'

const TOML = `name = "x"
[vars]
A = ""
B = "old" # said once
C = '{"a":1}'

# About staging.
[env.staging.vars]
A = ""
`

describe("wrangler.toml's variables", () => {
  it("are production's, without those that are empty", () => {
    expect(readVars(TOML)).toEqual(
      new Map([
        ['B', 'old'],
        ['C', '{"a":1}'],
      ]),
    )
    expect(readVars('[vars]\nA = "say \\"hi\\""')).toEqual(new Map([['A', 'say "hi"']]))
  })

  it('are set where they stand, new ones behind them, and staging stays as it is', () => {
    expect(
      withVars(
        TOML,
        new Map([
          ['A', 'https://a.example'],
          ['D', '{"d":"e"}'],
        ]),
      ),
    ).toBe(`name = "x"
[vars]
A = "https://a.example"
B = "old" # said once
C = '{"a":1}'
D = '{"d":"e"}'

# About staging.
[env.staging.vars]
A = ""
`)
  })

  it('are found in the file of the project, of which nothing else changes', () => {
    const own = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8')
    const set = new Map([['HOST_URL', 'https://host.example']])
    const changed = withVars(own, set)
    expect(readVars(changed).get('HOST_URL')).toBe('https://host.example')
    expect(changed.split('\n').filter((line, i) => line !== own.split('\n')[i])).toEqual([
      'HOST_URL = "https://host.example"',
    ])
  })

  it.each(["it's", 'a\nb'])('refuse %j', (value) => {
    expect(() => withVars(TOML, new Map([['A', value]]))).toThrow(RangeError)
  })

  it('are nowhere without [vars]', () => {
    expect(() => withVars('name = "x"', new Map())).toThrow(RangeError)
  })
})
