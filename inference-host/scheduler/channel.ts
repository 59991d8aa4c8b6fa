/** Values handed from one producer to one consumer, in order; waiting values are kept. */
export type Channel<Value> = {
  push(value: Value): void
  /** No more values; with an error, the consumer gets it after the values that wait. */
  close(error?: Error): void
  values(): AsyncGenerator<Value, void, void>
}

/** An open channel. The producer bounds what can wait: it never pushes more than one request's tokens. */
export function createChannel<Value>(): Channel<Value> {
  const waiting: Value[] = []
  let closed = false
  let failure: Error | undefined
  let wake = () => {}

  return {
    push(value) {
      waiting.push(value)
      wake()
    },
    close(error) {
      closed = true
      failure = error
      wake()
    },
    async *values() {
      for (;;) {
        yield* waiting.splice(0)
        if (waiting.length > 0) continue
        if (failure !== undefined) throw failure
        if (closed) return
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}
