import { expect, it } from 'vitest'
import { Origins } from '../../../edge/access/origin-list.ts'
import { pageOrigins } from '../../../local/page-origins.ts'

it('lets in the extensions and pages of this machine, and what was asked for', () => {
  const allowed = Origins.parse(pageOrigins(['https://app.example', 'https://*.dev.example']))
  for (const origin of [
    'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
    'moz-extension://0c1d2e3f-aaaa-4bbb-8ccc-0123456789ab',
    'http://localhost:5173',
    'http://127.0.0.1:3000',
    'https://app.example',
    'https://a.dev.example',
  ])
    expect(allowed.has(origin), origin).toBe(true)
  for (const origin of ['https://evil.test', 'http://192.168.0.1:3000', 'https://dev.example', 'null'])
    expect(allowed.has(origin), origin).toBe(false)
})

it('says in one line which of them could never match', () => {
  expect(() => pageOrigins(['https://good.example', 'https://app.example/'])).toThrow(
    /^--origin entry 2 is never sent: browsers send https:\/\/app\.example$/,
  )
})
