/** Requests that are made, and in proportion what readers are given. The nightly run makes 100,000. */
export const FUZZ_REQUESTS = Number(process.env.TWOHOP_FUZZ_REQUESTS ?? 1500)

/** Where all that is made comes from: the same seed makes the same. */
export const FUZZ_SEED = Number(process.env.TWOHOP_FUZZ_SEED ?? Date.now() % 2 ** 31)

/** So many runs of a property where the bounded run makes its requests, more where more are made. */
export const fuzzCount = (bounded: number) => Math.ceil((bounded * FUZZ_REQUESTS) / 1500)
