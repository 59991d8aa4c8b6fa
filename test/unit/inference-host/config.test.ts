import { expect, test } from 'vitest'
import { readConfig, VARIABLES } from '../../../inference-host/config.ts'

const needed = { SERVICE_TOKEN_PUBLIC_KEYS: '{"keys":[]}' }

test('defaults: loopback, port 8788, a queue of 256, 4 MiB bodies, 30 s to drain', () => {
  expect(readConfig(needed)).toMatchObject({
    HOST_BIND: '127.0.0.1',
    HOST_PORT: 8788,
    HOST_DEVICE: 'auto',
    HOST_QUEUE: 256,
    HOST_BODY_BYTES: 4_194_304,
    HOST_DRAIN_SECONDS: 30,
  })
})

test('jobs: none without a Redis; a claim of 30 s, a look each 30 s', () => {
  const seconds = { HOST_JOBS_CLAIM_SECONDS: 30, HOST_JOBS_POLL_SECONDS: 30 }
  expect(readConfig(needed)).toMatchObject({ ...seconds, HOST_JOBS_REDIS_URL: undefined })
  const redis = { HOST_JOBS_REDIS_URL: 'https://redis.example', HOST_JOBS_REDIS_TOKEN: 'token' }
  expect(readConfig({ ...needed, ...redis })).toMatchObject(redis)
})

test('HOST_THREADS 0 means one per core', () => {
  expect(readConfig({ ...needed, HOST_THREADS: '0' }).HOST_THREADS).toBeGreaterThan(0)
  expect(readConfig({ ...needed, HOST_THREADS: '3' }).HOST_THREADS).toBe(3)
})

test.each([
  ['SERVICE_TOKEN_PUBLIC_KEYS', {}],
  ['SERVICE_TOKEN_PUBLIC_KEYS', { SERVICE_TOKEN_PUBLIC_KEYS: '' }],
  ['HOST_PORT', { ...needed, HOST_PORT: '65536' }],
  ['HOST_PORT', { ...needed, HOST_PORT: '80x' }],
  ['HOST_QUEUE', { ...needed, HOST_QUEUE: '0' }],
  ['HOST_DEVICE', { ...needed, HOST_DEVICE: 'tpu' }],
  ['HOST_DRAIN_SECONDS', { ...needed, HOST_DRAIN_SECONDS: '-1' }],
  ['HOST_JOBS_REDIS_URL', { ...needed, HOST_JOBS_REDIS_TOKEN: 'tpu' }],
  ['HOST_JOBS_REDIS_URL', { ...needed, HOST_JOBS_REDIS_URL: 'https://tpu.example' }],
  [
    'HOST_JOBS_REDIS_URL',
    { ...needed, HOST_JOBS_REDIS_URL: 'http://tpu.example', HOST_JOBS_REDIS_TOKEN: 'a' },
  ],
  [
    'HOST_JOBS_REDIS_URL',
    { ...needed, HOST_JOBS_REDIS_URL: 'https://a:tpu@redis.example', HOST_JOBS_REDIS_TOKEN: 'a' },
  ],
  ['HOST_JOBS_CLAIM_SECONDS', { ...needed, HOST_JOBS_CLAIM_SECONDS: '2' }],
])('refuses a wrong %s by its name, in one line, without its value', (name, environment) => {
  const read = () => readConfig(environment)
  expect(read).toThrow(new RegExp(`^${name}[^\\n]*$`))
  expect(read).not.toThrow(/tpu|80x|65536/)
})

test('says what a value must be in words of its own', () => {
  const complaint = (name: string, text: string) => {
    try {
      readConfig({ ...needed, [name]: text })
    } catch (error) {
      return (error as Error).message
    }
    return undefined
  }
  expect(complaint('SERVICE_TOKEN_PUBLIC_KEYS', '')).toBe(
    'SERVICE_TOKEN_PUBLIC_KEYS: is missing: put the content of service-key.public.json, which `npm run keys` writes, there',
  )
  expect(complaint('HOST_PORT', '65536')).toBe('HOST_PORT: must be a whole number from 0 to 65535')
  expect(complaint('HOST_PORT', 'x')).toBe('HOST_PORT: must be a whole number')
  expect(complaint('HOST_DEVICE', 'tpu')).toBe('HOST_DEVICE: must be auto or cpu or webgpu or cuda')
  const seen = Object.keys(VARIABLES).flatMap((name) =>
    ['{}', 'x', '-1', '1.5', '9'.repeat(12), ' '].flatMap((text) => complaint(name, text) ?? []),
  )
  expect(seen.length).toBeGreaterThan(40)
  for (const words of seen) expect(words).not.toMatch(/Invalid|expected|received|undefined|NaN|Too/)
})

test('every variable says what it means and in which unit', () => {
  for (const { meaning, unit } of Object.values(VARIABLES)) {
    expect(meaning).toMatch(/\.$/)
    expect(unit).not.toBe('')
  }
})
