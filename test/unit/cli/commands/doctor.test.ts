import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { twohop } from '../../../fixtures/twohop-command.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twohop-doctor-'))
})
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))

/** What `twohop doctor` says of a file of variables before it looks at anything. */
async function said(variables: string) {
  const file = join(folder, '.env')
  await writeFile(file, variables)
  const { code, out, err } = await twohop('doctor', '--env-file', file)
  expect(out).toBe('')
  return { code, err }
}

it('wants what there is to look at, and what is set to be right', async () => {
  expect(await said('NOTHING=1')).toEqual({
    code: 2,
    err: expect.stringMatching(/UPSTASH_REDIS_REST_URL: is missing: .*UPSTASH_REDIS_REST_TOKEN: is missing/),
  })
  // What a complaint quotes says nothing of its kind.
  expect(
    await said('HOST_URL=http://127.0.0.1:1\nFIREBASE_PROJECT_IDS=": is missing: put one there"'),
  ).toEqual({
    code: 2,
    err: 'twohop: Set these as for the edge: FIREBASE_PROJECT_IDS: is no project id (6 to 30 lower-case letters, digits and hyphens).\n',
  })
})
