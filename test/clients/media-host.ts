import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { readConfig } from '../../inference-host/config.ts'
import { startHost } from '../../inference-host/host.ts'
import { createLog } from '../../inference-host/platform/log.ts'
import {
  writeTinyCaptioner,
  writeTinyImageClassifier,
  writeTinySpeech,
} from '../fixtures/graphs/tiny-media.ts'
import { writeTinyTiles } from '../fixtures/graphs/tiny-vision.ts'
import { MODELS_DIR } from '../fixtures/models-dir.ts'
import { manifestOf } from '../host/serving.ts'

const TASKS = {
  speech: 'automatic-speech-recognition',
  classifier: 'image-classification',
  captioner: 'image-to-text',
  seeing: 'image-text-to-text',
}

/**
 * A host with the tiny models of sounds and images.
 * @param privateKey the key with which the edge signs, as JSON
 */
export async function startMediaHost(privateKey: string) {
  const folder = await mkdtemp(path.join(tmpdir(), 'media-host-'))
  const at = (id: string) => path.join(folder, id)
  await writeTinySpeech(at('speech'))
  await writeTinyImageClassifier(at('classifier'), ['cat', 'dog', 'sun'])
  await writeTinyCaptioner(at('captioner'))
  await writeTinyTiles(at('seeing'))
  const models = Object.entries(TASKS).map(([id, task]) => ({ id, source: at(id), task }))
  const manifest = await manifestOf(models)
  const { d: _, ...publicKey } = JSON.parse(privateKey)
  const variables = {
    HOST_PORT: '0',
    HOST_DEVICE: 'cpu',
    SERVICE_TOKEN_PUBLIC_KEYS: JSON.stringify({ keys: [publicKey] }),
    MODELS_FILE: manifest.file,
    MODELS_DIR,
  }
  const host = await startHost(
    readConfig(variables),
    createLog(() => {}),
  )
  return {
    url: host.url,
    async stop() {
      await host.drain()
      await manifest.remove()
      await rm(folder, { recursive: true, maxRetries: 10 })
    },
  }
}
