import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { commandOf, createTyping, wordsOf } from '../../fixtures/commands/typed.ts'
import { EDGE_NEEDS } from '../../fixtures/edge-variables.ts'
import { denoBinary } from '../../fixtures/runtimes/deno.ts'
import { startProcess } from '../../fixtures/runtimes/process.ts'

const { typed, untyped } = createTyping(import.meta.filename)
const PAGE = 'docs/supabase-functions.md'

it('docs/supabase-functions.md runs the function in Deno on what npm installed, with nothing cached', async () => {
  const cache = await mkdtemp(join(tmpdir(), 'twohop-deno-'))
  onTestFinished(() => rm(cache, { recursive: true, force: true }))
  const deno = denoBinary()
  await typed(commandOf(PAGE, 'npx deno run'), { 'npx deno': deno }, async (text) => {
    const [command = '', ...args] = wordsOf(text)
    const env = {
      ...EDGE_NEEDS,
      ...{ TWOHOP_SUPABASE_URLS: 'http://127.0.0.1:8789', DENO_SERVE_ADDRESS: 'tcp:127.0.0.1:0' },
      ...{ DENO_DIR: cache, NO_COLOR: '1', NPM_CONFIG_REGISTRY: 'http://127.0.0.1:9' },
    }
    const listening = (line: string) => /^Listening on (http:\S+:\d+)/.exec(line)?.[1]
    const edge = await startProcess({ command, args, env, listening })
    onTestFinished(async () => void (await edge.stop()))
    const answer = await fetch(`${edge.url}/edge/healthz`)
    expect([answer.status, edge.log()]).toEqual([200, expect.not.stringContaining('Download')])
  })
})

it('types what it is listed for', () => expect(untyped()).toEqual([]))
