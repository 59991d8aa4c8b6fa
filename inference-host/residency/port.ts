import type { Gate } from '../scheduler/gate.ts'
import type { ModelQueue } from '../scheduler/model-queue.ts'
import type { Engine } from '../work/engine.ts'
import type { Bytes } from './bytes.ts'

/** A model in memory. */
export type Loaded = {
  engine: Engine
  /** The memory that it takes and may still grow by. So much is kept free for it. */
  bytes(): Bytes
  /** Resident memory of the machine's at the moment, in bytes. */
  rss(): number
  /** Runs something small on it. @throws Error where that fails: then it fails at everything. */
  check(): Promise<void>
}

/** What a servable does with the queue in front of it. */
export type Front = Pick<ModelQueue, 'load' | 'busy' | 'onlyJobs' | 'wake' | 'dropWaiting'>

/** One way to have a model in memory: on its own device, or on the one to fall back to. */
export type Form = {
  device: string
  /** What it is expected to take. */
  need: Bytes
  /** Loads it and runs it once. @throws Error with the reason where that fails. */
  load(): Promise<Loaded>
}

/** A model that can be in memory or not. A caller can tell only by the time that it takes. */
export type Servable = {
  /** Does work on the loaded model. Work is lost at once where none is loaded; `gate` prevents that. */
  readonly engine: Engine
  readonly gate: Gate
  /** Names the queue in front, once. */
  attach(queue: Front): void
  /** Loads it now. @throws Error with the reason where that fails. */
  start(): Promise<void>
  /** Why a model that was served is not at present; undefined where nothing is wrong. */
  trouble(): string | undefined
  resident(): boolean
  /** Resident memory that it takes at the moment, in bytes. */
  rss(): number
  close(): Promise<void>
}
