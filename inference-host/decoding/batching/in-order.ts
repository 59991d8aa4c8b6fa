/** Work that is carried out later, one piece after another. */
export type InOrder = {
  /** Does this after all that came before. After a failure nothing more is done: it may build on what failed. */
  later(task: () => Promise<void> | void): void
  /** Resolves once all that came before is done, with the failure where there was one. */
  settled(): Promise<{ cause: unknown } | undefined>
}

/** Nothing to do yet. */
export function createInOrder(): InOrder {
  let failure: { cause: unknown } | undefined
  let last = Promise.resolve()

  return {
    later(task) {
      last = last.then(async () => {
        if (failure !== undefined) return
        try {
          await task()
        } catch (cause) {
          failure = { cause }
        }
      })
    },
    async settled() {
      await last
      return failure
    },
  }
}
