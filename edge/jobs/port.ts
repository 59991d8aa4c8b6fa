import type { ResultPlace } from '../../shared/jobs/record.ts'
import type { OtherPlan, Payer, Refusal, Reservation, ReserveRequest, SaidBefore } from '../budget/port.ts'
import type { Job, ResultPage } from './job.ts'

/** A new job, with the reservation that covers it. */
export type NewJob = {
  /** `requestId` is the job's id, `limits.concurrent` how many jobs the account may have open. */
  reserve: ReserveRequest
  /** Fields of its record, without the account and the stream entry's id, which the store adds. */
  record: Record<string, string> & { model: string }
  deadline: number
  /** One JobInput each, as JSON: exactly the texts that the job's token signs. */
  inputs: readonly string[]
  /** Bytes that the job holds in the store, and how many the jobs of its account, and of all accounts, may keep. */
  bytes: { held: number; ofAccount: number; ofAll: number }
}

export type CancelBy = { caller: Payer } | { account: string }

/** Jobs in a shared store. Every method throws TwohopError `store_unavailable` where it does not answer. */
export type JobStore = {
  /**
   * Reserves the worst case and enqueues the job, both or neither, in one round trip.
   * @throws TwohopError `internal` when the id was used before
   */
  enqueue(job: NewJob): Promise<Reservation | Refusal | OtherPlan | SaidBefore>
  get(id: string): Promise<Job | undefined>
  /**
   * A job with its results of indexes above `after`: at most `most`, fewer where they are long. Undefined where there
   * is no such job.
   */
  read(id: string, after: number, most: number): Promise<{ job: Job; page: ResultPage } | undefined>
  /** The account's jobs that have not ended, ordered by deadline, the earliest first. */
  open(account: string): Promise<Job[]>
  /**
   * Ends an account's job at once where no host has it; otherwise asks its host to stop. An ended job stays as it is.
   * Returns the job as it is then; undefined where the account has none of that id.
   * @param by a caller of the account, or the account itself where the edge cancels
   * @throws BudgetRefused why the caller may not act
   */
  cancel(id: string, by: CancelBy): Promise<Job | undefined>
  /** Ends jobs past their deadline, and returns ended jobs that are not settled: at most `most` of each. */
  due(most: number): Promise<Job[]>
  /** Records what an ended job was charged, in units. */
  settled(id: string, units: number): Promise<void>
  /** Drops the results of an ended job that were copied to another store, and writes down which. */
  moved(id: string, to: ResultPlace): Promise<void>
}
