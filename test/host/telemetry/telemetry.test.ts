import { type ChildProcess, fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { type HostProcess, startHostProcess } from '../../fixtures/host/host-process.ts'
import { manifestOf } from '../../fixtures/host/serving.ts'
import { createSigner } from '../../fixtures/host/signer.ts'
import { embeddedModel, REPOSITORY } from '../../fixtures/models.ts'
import { watching } from './watch.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function stopped(child: ChildProcess): Promise<void> {
  const ended = child.exitCode !== null || child.signalCode !== null ? undefined : once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

const compiler = process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0
const noCompiler = compiler ? '' : ' (no C compiler for Linux here: apt-get install gcc libc6-dev)'

test.skipIf(!compiler)(
  `a host and its models' processes tell nobody: no file at home, no look-up${noCompiler}`,
  async () => {
    const watcher = await watching()
    cleanUps.push(watcher.remove)
    const chat = embeddedModel('twohop-chat').folder
    const manifest = await manifestOf([
      { id: 'chat', source: chat, task: 'text-generation' },
      { id: 'embed', source: embeddedModel('twohop-embed').folder, task: 'feature-extraction' },
      { id: 'translate', source: path.join(REPOSITORY, 'test/fixtures/tiny-seq2seq'), task: 'translation' },
    ])
    cleanUps.push(manifest.remove)

    // Nothing of this test's own environment, which has the variable set, reaches it.
    const watched = await watcher.of('host')
    const host: HostProcess = startHostProcess({
      SERVICE_TOKEN_PUBLIC_KEYS: (await createSigner()).jwks,
      MODELS_FILE: manifest.file,
      // Anew, so that the preparing process makes its sessions too.
      MODELS_DIR: path.join(watched.environment.HOME ?? '', '..', 'models'),
      HOST_DEVICE: 'auto',
      ...watched.environment,
    })
    cleanUps.push(() => stopped(host.child))
    const { models } = await host.ready
    expect(models.map(({ id }) => id).sort()).toEqual(['chat', 'embed', 'translate'])

    // The same library as its maker means it to be, begun later: once it has asked, so would the host have.
    const telling = await watcher.of('telling')
    const child = fork(
      fileURLToPath(new URL('telling-process.ts', import.meta.url)),
      [path.join(chat, 'onnx', 'model_quantized.onnx')],
      {
        env: { PATH: process.env.PATH, ...telling.environment },
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      },
    )
    cleanUps.push(() => stopped(child))
    await telling.firstAsked()
    expect((await telling.asked())[0]).toMatch(/^looks up .*\.microsoft\.com$/)
    expect((await telling.files()).map((file) => path.basename(file))).toContain('onnxruntime.db')

    expect(await watched.asked()).toEqual([])
    expect(await watched.files()).toEqual([])
  },
)
