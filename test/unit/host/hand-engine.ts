import type { End, Engine, EngineEvent, ModelInfo } from '../../../inference-host/work/engine.ts'
import type { Work } from '../../../inference-host/work/work.ts'

/** One job that a test drives by hand. */
export type HandRun = {
  job: Work
  stopped: boolean
  report(event: EngineEvent): void
  end(end: End, counts?: Partial<{ promptTokens: number; outputTokens: number; computeMs: number }>): void
}

/** An engine that computes nothing: the test reports each event, as faults and races need it. */
export type HandEngine = Engine & { runs: HandRun[] }

export function createHandEngine(info: Partial<ModelInfo> = {}, slots = 1): HandEngine {
  const runs: HandRun[] = []
  return {
    info: {
      id: 'model-1',
      task: 'text-generation',
      device: 'cpu',
      dtype: 'fp32',
      context: 64,
      overhead: { request: 0, item: 0 },
      ...info,
    },
    slots,
    runs,
    run(job, report) {
      const run: HandRun = {
        job,
        stopped: false,
        report,
        end: (end, { promptTokens = 0, outputTokens = 0, computeMs = 0 } = {}) =>
          report({ type: 'ended', promptTokens, outputTokens, computeMs, end }),
      }
      runs.push(run)
      return {
        stop() {
          run.stopped = true
        },
      }
    },
    died: new Promise(() => {}),
    close: async () => {},
  }
}

/** The `index`th job that reached the engine. */
export function runOf(engine: HandEngine, index = 0): HandRun {
  const run = engine.runs[index]
  if (run === undefined) throw new Error(`no job ${index} reached the engine`)
  return run
}

export const CHAT_JOB: Work = {
  kind: 'chat',
  messages: [{ role: 'user', content: 'hello' }],
  sampling: { temperature: 0, topP: undefined, seed: undefined, stop: [] },
  limits: { promptTokens: 32, outputTokens: 8 },
}
