import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Builds what an image holds, as its Dockerfile does, and runs it with no variables: what it says, and its code. */
async function built(script: string, file: string) {
  await promisify(execFile)('npm', ['run', '--ignore-scripts', script], { cwd: root })
  // Outside the project, so that no package of it is found.
  const child = spawn(process.execPath, [`${root}${file}`], { cwd: '/', env: { PATH: process.env.PATH } })
  const said = Promise.all([child.stdout, child.stderr].map(async (part) => (await part.toArray()).join('')))
  const [code] = await once(child, 'exit')
  return { code, said: (await said).join('') }
}

it('the image of the edge starts, and names what it lacks', async () => {
  const { code, said } = await built('build:node', 'dist/node/edge.mjs')
  expect(code).toBe(1)
  expect(said).toMatch(/^The edge cannot start:\n {2}UPSTASH_REDIS_REST_URL: is missing: /)
})

it("the image of the ledger's front starts, and names what it lacks", async () => {
  const { code, said } = await built('build:ledger', 'dist/ledger/local/postgres/front.mjs')
  expect([code, said]).toEqual([1, 'ledger: LEDGER_KEY: must be set; PGPASSWORD: must be set\n'])
})

it("the image of Redis's front starts, and names what it lacks", async () => {
  const { code, said } = await built('build:redis-rest', 'dist/redis-rest/front.mjs')
  expect([code, said]).toEqual([1, 'redis-rest: REDIS_REST_TOKEN: must be set\n'])
})
