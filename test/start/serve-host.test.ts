import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { serviceKeys } from '../../local/service-keys.ts'
import { embeddedModel } from '../fixtures/models.ts'
import { ownTemporaryFolder, ROOT } from './start.ts'

const dir = await ownTemporaryFolder()

function serveHost(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [join(ROOT, 'local/serve-host.ts'), ...args], {
    ...{ cwd: dir, stdio: 'pipe' as const },
    env: { ...process.env, TWOHOP_DIR: join(dir, 'kept'), INIT_CWD: dir },
  })
  onTestFinished(async () => {
    if (child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  })
  return child
}

test('a host alone serves the model that is named, for the holder of the keys', async () => {
  const { publicKeys } = await serviceKeys('mine')
  await writeFile(join(dir, 'service-key.public.json'), JSON.stringify(publicKeys))
  await cp(embeddedModel('twohop-embed').folder, join(dir, 'my-embed'), { recursive: true })
  const host = serveHost('--port', '0', '--model', './my-embed')
  const lines: string[] = []
  for await (const line of createInterface({ input: host.stdout as NodeJS.ReadableStream })) {
    lines.push(line)
    if (line.startsWith('ready ')) break
  }
  const said = lines.join('\n')
  expect(said).toMatch(/^model id=my-embed /m)
  const [, url = ''] = /^ready url=(\S+)/m.exec(said) ?? []
  expect((await fetch(`${url}/v1/infer`, { method: 'POST', body: '{}' })).status).toBeGreaterThanOrEqual(400)
})

test('without keys it says how to make them, in one line', async () => {
  const host = serveHost('--keys', 'none.json')
  let stderr = ''
  host.stderr?.on('data', (data) => {
    stderr += data
  })
  expect(await once(host, 'close')).toEqual([1, null])
  expect(stderr).toBe(
    '--keys none.json: there is no such file. `npm run keys` writes it, with the private key for the edge beside it.\n',
  )
})
