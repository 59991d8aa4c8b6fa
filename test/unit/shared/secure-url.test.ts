import { expect, it } from 'vitest'
import { isSecureUrl } from '../../../shared/secure-url.ts'

it.each([
  'https://a.example',
  'http://localhost:8787',
  'http://127.0.0.1',
  'http://127.9.9.9:1',
  'http://[::1]:80/path',
])('a secret may go to %s', (url) => {
  expect(isSecureUrl(url)).toBe(true)
  expect(isSecureUrl(new URL(url))).toBe(true)
})

it.each([
  'http://a.example',
  'http://localhost.evil.test',
  'http://127.0.0.1.evil.test',
  'http://evil.test/localhost',
  'http://localhost@evil.test',
  'http://[::2]',
  'ftp://localhost',
  'file:///etc/passwd',
  'localhost',
  '',
])('a secret may not go to %s', (url) => {
  expect(isSecureUrl(url)).toBe(false)
})
