/** What is made of something that may change: made anew only where it is another than at the last question. */
export function latest<From, Made>(source: () => From, make: (from: From) => Made): () => Made {
  let last: { from: From; made: Made } | undefined
  return function ofNow() {
    const from = source()
    if (last?.from !== from) last = { from, made: make(from) }
    return last.made
  }
}
