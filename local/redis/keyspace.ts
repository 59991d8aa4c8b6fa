import { RedisError } from './port.ts'
import type { Stream } from './stream.ts'

type Values = {
  string: { type: 'string'; text: string }
  hash: { type: 'hash'; fields: Map<string, string> }
  zset: { type: 'zset'; scores: Map<string, number> }
  stream: { type: 'stream'; stream: Stream }
}
export type Value = Values[keyof Values]

/** Keys, values and times to live, in memory, on the clock `now` (milliseconds since the epoch). */
export class Keyspace {
  readonly now: () => number
  #values = new Map<string, Value>()
  #expiries = new Map<string, number>()

  constructor(now: () => number) {
    this.now = now
  }

  any(key: string): Value | undefined {
    const expiry = this.#expiries.get(key)
    if (expiry !== undefined && expiry <= this.now()) this.delete(key)
    return this.#values.get(key)
  }

  /** @throws RedisError WRONGTYPE when the key holds another type */
  get<Type extends keyof Values>(key: string, type: Type): Values[Type] | undefined {
    const value = this.any(key)
    if (value && value.type !== type)
      throw new RedisError('WRONGTYPE Operation against a key holding the wrong kind of value')
    return value as Values[Type] | undefined
  }

  getOrMake<Type extends keyof Values>(key: string, fresh: Values[Type] & { type: Type }): Values[Type] {
    const held = this.get<Type>(key, fresh.type)
    if (held) return held
    this.#values.set(key, fresh)
    return fresh
  }

  /** Replaces whatever the key held, its time to live included. */
  set(key: string, value: Value): void {
    this.delete(key)
    this.#values.set(key, value)
  }

  delete(key: string): boolean {
    this.#expiries.delete(key)
    return this.#values.delete(key)
  }

  /** When the key expires, in milliseconds since the epoch; undefined when it never does. */
  expiry(key: string): number | undefined {
    return this.#expiries.get(key)
  }

  expireAt(key: string, at: number | undefined): void {
    if (at === undefined) this.#expiries.delete(key)
    else if (at <= this.now()) this.delete(key)
    else this.#expiries.set(key, at)
  }

  keys(): string[] {
    return [...this.#values.keys()].filter((key) => this.any(key))
  }

  clear(): void {
    this.#values.clear()
    this.#expiries.clear()
  }
}
