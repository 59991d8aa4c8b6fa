import { parentPort, workerData } from 'node:worker_threads'
import { type OutputWidths, openSession, type Row, type SessionOptions, type Values } from './encoder.ts'

export type LaneData = SessionOptions & { file: string }
export type ToLane = { rows: readonly Row[] }
export type FromLane =
  | { type: 'open'; outputs: OutputWidths }
  | { type: 'outputs'; outputs: Map<string, Values> }
  | { type: 'failed'; message: string }

/** A thread with one session of an encoder. It gets the next rows once it has answered for the last ones. */
if (parentPort === null) throw new Error('encoding/lane-worker.ts runs as a worker thread')
const port = parentPort
const { file, ...options }: LaneData = workerData
const post = (message: FromLane, moved: ArrayBuffer[] = []) => port.postMessage(message, moved)
const failed = (error: unknown) =>
  post({ type: 'failed', message: error instanceof Error ? error.message : String(error) })

try {
  const session = await openSession(file, options)
  post({ type: 'open', outputs: session.outputs })
  port.on('message', async ({ rows }: ToLane) => {
    try {
      const outputs = await session.run(rows)
      post(
        { type: 'outputs', outputs },
        // Shared memory needs no moving; onnxruntime gives none.
        [...outputs.values()].flatMap(({ data: { buffer } }) =>
          buffer instanceof ArrayBuffer ? buffer : [],
        ),
      )
    } catch (error) {
      failed(error)
    }
  })
} catch (error) {
  failed(error)
}
