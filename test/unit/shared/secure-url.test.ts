import { expect, it } from 'vitest'
import { HostUrl, isSecureUrl, SecretUrl } from '../../../shared/secure-url.ts'

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

it.each([
  'https://host.example/below',
  'http://127.0.0.1:8080',
  'http://localhost:8080',
  'http://[::1]:8080',
  'http://10.1.2.3:8080',
  'http://172.16.0.1',
  'http://172.31.255.255',
  'http://192.168.1.5',
  'http://[fd00::1]:8080',
  'http://host:8080',
  'http://twohop_host-1',
  'http://host.railway.internal:8080',
  'http://host.local',
  'http://nas.home.arpa',
])('a host may be at %s', (url) => {
  expect(HostUrl.parse(url)).toBe(url)
})

it.each([
  'ftp://host.example',
  'ws://localhost',
  'file:///etc/passwd',
  'data:text/plain,a',
  'mailto:a@b.example',
  'http://host.example',
  'http://8.8.8.8',
  'http://172.32.0.1',
  'http://172.15.0.1',
  'http://192.169.0.1',
  'http://11.0.0.1',
  'http://10.0.0.1.evil.test',
  'http://134744072',
  'http://[2001:db8::1]',
  'http://[fe80::1]',
  'http://host.internal.evil.test',
  'http://.internal',
])('a host may not be at %s', (url) => {
  expect(HostUrl.safeParse(url).error?.issues[0]?.message).toBe(
    'must begin with https:// (http:// is for loopback and private networks only)',
  )
})

it.each([
  'https://a:b@host.example',
  'https://a@host.example',
  'https://host.example/?a',
  'https://host.example/#a',
])('what is no base for paths is refused: %s', (url) => {
  expect(HostUrl.safeParse(url).error?.issues[0]?.message).toBe('must have no user name, password, ? or #')
})

it.each(['https://a:b@redis.example', 'https://a@redis.example', 'http://:b@localhost'])(
  'what fetch refuses with its password in the complaint is refused before: %s',
  (url) => {
    expect(SecretUrl.safeParse(url).error?.issues[0]?.message).toBe('must have no user name or password')
  },
)
