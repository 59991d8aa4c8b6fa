import { fork } from 'node:child_process'
import { copyFile, link, mkdir, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PrepareRequest } from './prepare.ts'
import type { PrepareAnswer } from './prepare-process.ts'
import type { ServingDescription } from './rewrite.ts'

const PREPARE = fileURLToPath(new URL('prepare-process.ts', import.meta.url))

/** A decoder that can be batched: its file, what it looks like, and how far a batch is from one alone, in logits. */
export type ServingForm = {
  file: string
  description: ServingDescription
  /** Undefined where it was measured when the file was made, not now. */
  batchDifference: number | undefined
}

type Options = {
  /** The model's verified folder, and the name of its graph there, without `.onnx`. */
  folder: string
  graph: string
  /** Where the serving form goes; nothing is written to the model's own folder, which may be read-only. */
  home: string
  threads: number
  timeoutMs: number
}

/**
 * The serving form of a decoder: made and verified, or as it was made before. Never throws for what is wrong with the
 * model: without a serving form it is still served, one request at a time.
 */
export async function ensureServingForm(options: Options): Promise<ServingForm | { unsupported: string }> {
  const { folder, graph, home, threads, timeoutMs } = options
  try {
    await mkdir(home, { recursive: true })
    await bringOriginal(path.join(folder, 'onnx'), graph, home)
  } catch (error) {
    return {
      unsupported: `its files cannot be brought to ${home} (${(error as NodeJS.ErrnoException).code})`,
    }
  }
  const outFile = path.join(home, `${graph}.serving.onnx`)
  const modelFile = path.join(home, `${graph}.onnx`)
  const answer = await prepare({ modelFile, outFile, threads }, timeoutMs)
  if ('unsupported' in answer) return answer
  return {
    file: outFile,
    description: answer.description,
    batchDifference: answer.verified?.measured.batch,
  }
}

/**
 * The graph and its external weights beside the serving form, which points into them: as hard links, which cost
 * nothing, or as copies where the file systems differ. Made anew each time, so that they are those just verified.
 */
async function bringOriginal(from: string, graph: string, home: string): Promise<void> {
  const names = (await readdir(from)).filter(
    (name) => name === `${graph}.onnx` || name.startsWith(`${graph}.onnx_data`),
  )
  for (const name of names) {
    const there = path.join(home, name)
    await rm(there, { force: true })
    await link(path.join(from, name), there).catch(() => copyFile(path.join(from, name), there))
  }
}

function prepare(request: PrepareRequest, timeoutMs: number): Promise<PrepareAnswer> {
  return new Promise((resolve) => {
    const child = fork(PREPARE, { stdio: 'ignore', timeout: timeoutMs, killSignal: 'SIGKILL' })
    child.once('message', (answer) => resolve(answer as PrepareAnswer))
    child.once('error', (error) => resolve({ unsupported: error.message }))
    child.once('exit', (code, signal) =>
      resolve({
        unsupported:
          signal === 'SIGKILL'
            ? `preparing it took more than ${timeoutMs} ms`
            : `preparing it ended with ${signal ?? code}`,
      }),
    )
    child.send(request)
  })
}
