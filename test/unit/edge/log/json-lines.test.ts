import { expect, it } from 'vitest'
import { createAccountTag } from '../../../../edge/log/account-tag.ts'
import { createLog } from '../../../../edge/log/json-lines.ts'

const D = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'
const ADA = 'firebase:demo:ada@example.com'

it('writes a line of JSON, with what there is', async () => {
  const lines: string[] = []
  const log = createLog({ write: (line) => lines.push(line), tagOf: createAccountTag(D) })
  await log('info', 'drained', { detail: { recorded: 3 } })
  await log('error', 'failed', {
    requestId: 'r1',
    account: ADA,
    error: Object.assign(new Error('a\nb'), { code: 'E1' }),
  })
  expect(lines).toHaveLength(2)
  expect(lines.join('')).not.toMatch(/\n|ada/)
  const [first, second] = lines.map((line) => JSON.parse(line))
  expect(first).toEqual({ level: 'info', event: 'drained', recorded: 3 })
  expect(second).toMatchObject({ level: 'error', event: 'failed', request_id: 'r1', code: 'E1' })
  expect(second.account).toMatch(/^[0-9a-f]{16}$/)
})

it('tags an account the same each time, and otherwise under another key', async () => {
  const [tagOf, again, other] = [D, D, D.replace('A', 'B')].map((d) => createAccountTag(d))
  const tags = await Promise.all([tagOf?.(ADA), again?.(ADA), tagOf?.('firebase:demo:eve'), other?.(ADA)])
  expect(tags[0]).toBe(tags[1])
  expect(new Set(tags).size).toBe(3)
})

it('never fails, and tells what it can', async () => {
  const lines: string[] = []
  const tagOf = () => Promise.reject(new Error('no key'))
  await createLog({ write: (line) => lines.push(line), tagOf })('warn', 'e', { account: ADA, code: 'c' })
  expect(lines).toEqual(['{"level":"warn","event":"e","code":"c"}'])
  const broken = createLog({
    tagOf,
    write: () => {
      throw new Error('no room')
    },
  })
  await expect(broken('warn', 'e')).resolves.toBeUndefined()
})
