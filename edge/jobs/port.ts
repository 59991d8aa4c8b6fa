import type { OtherPlan, Refusal, Reservation, ReserveRequest, SaidBefore } from '../budget/port.ts'
import type { Job, ResultPage } from './job.ts'

/** A job to be taken in, with the reservation that covers it. */
export type NewJob = {
  /** `requestId` is the job's id, `limits.concurrent` how many jobs the account may have open. */
  reserve: ReserveRequest
  /** Fields of its record but for the account and the stream's entry, which the store adds. */
  record: Record<string, string>
  deadline: number
  /** JobInput each, as JSON: the very texts that the job's token is for. */
  inputs: readonly string[]
}

/** Jobs in a shared store. Every method throws TwohopError `store_unavailable` where it does not answer. */
export type JobStore = {
  /**
   * Reserves the worst case and enqueues the job, both or neither, in one round trip.
   * @throws TwohopError `internal` when the id was used before
   */
  enqueue(job: NewJob): Promise<Reservation | Refusal | OtherPlan | SaidBefore>
  get(id: string): Promise<Job | undefined>
  /** A job with its results of indexes above `after`, at most `most` of them, and fewer where they are long. */
  read(id: string, after: number, most: number): Promise<{ job: Job; page: ResultPage } | undefined>
  /** The account's jobs that have not ended, the one that must end first in front. */
  open(account: string): Promise<Job[]>
  /**
   * Ends an account's job at once where no host has it, else lets its host know; one that has ended stays as it is.
   * Gives it as it is then, undefined where the account has none of that id.
   */
  cancel(id: string, account: string): Promise<Job | undefined>
  /** Ends jobs past their deadline, and gives jobs that ended and are not settled: at most `most` of each. */
  due(most: number): Promise<Job[]>
  /** Writes down what an ended job was charged. */
  settled(id: string, units: number): Promise<void>
}
