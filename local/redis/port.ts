/** A Redis of either kind, as the REST front needs it. */
export type RedisStore = {
  kind: RedisKind
  /** Process that holds the data. */
  pid: number
  /** Runs one command; an error of Redis's is a reply, a lost connection a rejection. */
  execute(command: string[]): Promise<RedisReply>
  /** Runs commands as one: no other command comes between them. */
  transaction(commands: string[][]): Promise<RedisReply[]>
  /** Settles when the store has ended by itself, with the reason. */
  failed: Promise<Error>
  stop(): Promise<void>
}

export type RedisKind = 'redis-server' | 'embedded'

/** What Redis answers (RESP2): bulk string, integer, nil, list, status line or error. */
export type RedisReply = string | number | null | RedisReply[] | Status | RedisError

/** A status line such as OK, which Upstash's encoding leaves as it is. */
export class Status {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** An error reply, with Redis's own text, such as `NOSCRIPT No matching script. Please use EVAL.` */
export class RedisError extends Error {}

export const OK = new Status('OK')
