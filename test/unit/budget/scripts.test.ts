import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { GRANT } from '../../../edge/budget/grant.lua.ts'
import { RESERVE } from '../../../edge/budget/reserve.lua.ts'
import { SETTLE } from '../../../edge/budget/settle.lua.ts'
import { SWEEP } from '../../../edge/budget/sweep.lua.ts'
import { USAGE } from '../../../edge/budget/usage.lua.ts'

describe.each([RESERVE, SETTLE, SWEEP, USAGE, GRANT])('the script $name', ({ sha, lua }) => {
  it('is called by the sum of its text', () => {
    expect(sha).toBe(createHash('sha1').update(lua).digest('hex'))
  })

  it('says what each KEYS and ARGV is', () => {
    const code = lua.replace(/^ *--.*$/gm, '')
    const comments = lua.match(/^ *--.*$/gm)?.join('\n') ?? ''
    const used = new Set(code.match(/\b(KEYS|ARGV)\[\d+\]/g))
    expect(used.size).toBeGreaterThan(0)
    for (const name of used) expect(comments).toContain(name)
  })
})
