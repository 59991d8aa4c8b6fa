/**
 * The one consumer in the group, which every host is: which host has a job is in the job's `claim`, so that hosts come
 * and go without leaving consumers behind.
 *
 * In the scripts of jobs a job's keys are made from its id, and its account's from its record, so not every key can be
 * declared: no `allow-key-locking` on Upstash.
 */
export const CONSUMER = 'host'
