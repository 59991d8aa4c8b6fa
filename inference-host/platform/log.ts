/** What a log line may hold: ids, latencies, counts and codes. Never a prompt, an answer, a token or a key. */
export type Fields = Record<string, string | number | boolean | undefined>

/** Writes one line: the event's name, then `key=value` for each field that is there. */
export type Log = (event: string, fields?: Fields) => void

const BARE = /^[\w./:@+-]+$/

/**
 * A log that writes lines such as `ready model=twohop-chat device=cpu` to `write`; values with other characters are
 * quoted as JSON.
 */
export function createLog(write: (line: string) => void): Log {
  return function log(event, fields = {}) {
    const pairs = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => {
        const text = String(value)
        return `${key}=${BARE.test(text) ? text : JSON.stringify(text)}`
      })
    write([event, ...pairs].join(' '))
  }
}
