import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ACCOUNT_USAGE } from '../../../edge/admin/usage.lua.ts'
import { GRANT } from '../../../edge/budget/grant.lua.ts'
import { RESERVE } from '../../../edge/budget/reserve.lua.ts'
import { SETTLE } from '../../../edge/budget/settle.lua.ts'
import { SWEEP } from '../../../edge/budget/sweep.lua.ts'
import { USAGE } from '../../../edge/budget/usage.lua.ts'
import { CREATE_KEY } from '../../../edge/keys/create.lua.ts'
import { REVOKE_KEY } from '../../../edge/keys/revoke.lua.ts'

const SCRIPTS = [RESERVE, SETTLE, SWEEP, USAGE, GRANT, CREATE_KEY, REVOKE_KEY, ACCOUNT_USAGE]

describe.each(SCRIPTS)('the script $name', ({ sha, lua }) => {
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
