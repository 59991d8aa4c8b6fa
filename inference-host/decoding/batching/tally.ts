import type { Counted } from './request.ts'

/** Sums since the engine's start. Times are in milliseconds. */
export type Tally = {
  /** Of prompts that were computed to their end. */
  promptTokens: number
  cachedPromptTokens: number
  outputTokens: number
  /** Calls that computed prompts, the tokens in them, and their time. */
  chunks: number
  chunkTokens: number
  chunkMs: number
  /** Calls that computed the next token of several sequences, the sum of those sequences, and the calls' time. */
  steps: number
  stepRows: number
  stepMs: number
}

/** Counts what is computed. */
export type Tallying = {
  /** Counts a prompt that is computed, together with its first output token. */
  prompt(counted: Counted): void
  chunk(tokens: number, ms: number): void
  step(rows: number, ms: number): void
  read(): Tally
}

export function createTally(): Tallying {
  const sums: Tally = {
    promptTokens: 0,
    cachedPromptTokens: 0,
    outputTokens: 0,
    chunks: 0,
    chunkTokens: 0,
    chunkMs: 0,
    steps: 0,
    stepRows: 0,
    stepMs: 0,
  }
  return {
    prompt({ promptTokens, cachedPromptTokens }) {
      sums.promptTokens += promptTokens
      sums.cachedPromptTokens += cachedPromptTokens
      sums.outputTokens++
    },
    chunk(tokens, ms) {
      sums.chunks++
      sums.chunkTokens += tokens
      sums.chunkMs += ms
    },
    step(rows, ms) {
      sums.steps++
      sums.stepRows += rows
      sums.stepMs += ms
      sums.outputTokens += rows
    },
    read: () => ({ ...sums }),
  }
}
