import type { Whence } from '../budget/anomaly.ts'
import { networkOf } from './network.ts'

/** Where a caller is, in the platform's own words. */
type Said = { address?: string | undefined; country?: string | undefined }

/** Finds out where a caller is, for a plan that watches credentials. */
export type WhenceOf = (said: Said | undefined) => Promise<Whence>

/** @param tagOf a keyed hash: an address goes no further */
export function createWhence(tagOf: (network: string) => Promise<string>): WhenceOf {
  return async function whenceOf({ address, country } = {}) {
    return { country, network: address ? await tagOf(networkOf(address)) : undefined }
  }
}
