/** Decides how many prompt tokens a step computes beside the decoding. */
export type Pace = {
  /** Prompt tokens for the next step, at least 2, with `running` sequences decoding and `waiting` prompts. */
  budget(running: number, waiting: number): number
  /** Takes what a chunk of `tokens` took, in milliseconds. */
  sawChunk(tokens: number, ms: number): void
  /** Takes what a step's decoding took, in milliseconds. */
  sawDecoding(ms: number): void
}

type Limits = {
  /** Tokens of a chunk: fewer waste a call, more keep cancellations waiting. */
  least: number
  most: number
  /** Milliseconds that a chunk may take while nobody decodes. */
  idleMs: number
}

const CHUNKS: Limits = { least: 8, most: 512, idleMs: 250 }

/** Share of a new measurement in the running mean. */
const WEIGHT = 0.3

/**
 * A step's chunks may take as long as its decoding. So prompts that arrive among many streams about double the gaps
 * between tokens. Where w prompts wait beside r running sequences and 2w > r, chunks may take 2w / r times as long,
 * because steps are fuller once more prompts run. The rates are measured, not configured.
 */
export function createPace({ least, most, idleMs }: Limits = CHUNKS): Pace {
  let tokensPerMs = 0
  let decodingMs = 0
  const mean = (old: number, value: number) => (old === 0 ? value : old + WEIGHT * (value - old))
  return {
    budget(running, waiting) {
      const ms = running === 0 ? idleMs : decodingMs * Math.max(1, (2 * waiting) / running)
      if (tokensPerMs === 0 || (running > 0 && decodingMs === 0)) return Math.max(2, Math.min(64, most))
      return Math.max(2, least, Math.min(most, Math.floor(ms * tokensPerMs)))
    },
    sawChunk(tokens, ms) {
      tokensPerMs = mean(tokensPerMs, tokens / Math.max(ms, 0.001))
    },
    sawDecoding(ms) {
      decodingMs = mean(decodingMs, ms)
    },
  }
}
