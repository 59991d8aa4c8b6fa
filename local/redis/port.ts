/** A Redis of either kind, for the REST front. */
export type RedisStore = {
  kind: RedisKind
  /** Id of the process that holds the data. */
  pid: number
  /** Runs one command. An error from Redis is a reply; a lost connection is a rejection. */
  execute(command: string[]): Promise<RedisReply>
  /** Runs commands as one: no other command comes between them. */
  transaction(commands: string[][]): Promise<RedisReply[]>
  /** Settles with the reason when the store has ended by itself. */
  failed: Promise<Error>
  stop(): Promise<void>
}

export type RedisKind = 'redis-server' | 'embedded'

/** What Redis answers (RESP2): bulk string, integer, nil, list, status line or error. */
export type RedisReply = string | number | null | RedisReply[] | Status | RedisError

/** A status line such as OK. Upstash's base64 encoding leaves it as it is. */
export class Status {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** An error reply, with Redis's own text, such as `NOSCRIPT No matching script. Please use EVAL.` */
export class RedisError extends Error {}

export const OK = new Status('OK')
