/**
 * The one consumer in the group, shared by all hosts. The job's `claim` says which host has it. So hosts come and go
 * without leaving consumers behind.
 *
 * The scripts make a job's keys from its id, and its account's keys from its record. So they cannot declare every key,
 * and cannot use `allow-key-locking` on Upstash.
 */
export const CONSUMER = 'host'
