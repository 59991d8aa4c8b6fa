import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Progress, type PullOptions, pull } from '../../../inference-host/pull/pull.ts'
import { lockFileOf } from '../../../inference-host/weights/lock.ts'
import { freshFolder } from './folder.ts'
import { COMMIT, REPOSITORY_ID, startHub } from './hub-server.ts'
import { tinyModel } from './tiny-model.ts'

export const TOKEN = 'hf_topsecret'
export const hubEntry = { id: 'tiny', source: REPOSITORY_ID, task: 'feature-extraction' }

/** A fake hub with the tiny model, a manifest that asks for it, and a pull whose waits are noted, not waited. */
export async function setUp({
  model = tinyModel(),
  listed = Object.keys(model),
  entry = hubEntry as object,
} = {}) {
  const root = await freshFolder()
  const manifestFile = path.join(root, 'models.json')
  await writeFile(manifestFile, JSON.stringify({ models: [entry] }))
  const hub = await startHub(model, listed)
  const modelsDir = path.join(root, 'hub')
  const waits: number[] = []
  const progress: Progress[] = []
  return {
    hub,
    model,
    manifestFile,
    modelsDir,
    waits,
    progress,
    folder: path.join(modelsDir, REPOSITORY_ID, COMMIT, 'q8'),
    lockFile: lockFileOf(manifestFile),
    run: (options: Partial<PullOptions> = {}) =>
      pull(manifestFile, {
        modelsDir,
        endpoint: hub.endpoint,
        token: TOKEN,
        stallMs: 5000,
        attempts: 3,
        random: () => 0.5,
        sleep: async (ms) => {
          waits.push(ms)
        },
        onProgress: (event) => progress.push(event),
        ...options,
      }),
  }
}
