import { Tensor } from '@huggingface/transformers'
import { argmax } from '../../../inference-host/decoding/sampling/greedy.ts'
import type { Slots } from '../../../inference-host/decoding/serving-form/serving-run.ts'
import { inputsOf, type Loaded } from '../../../inference-host/device/load.ts'

/** What transformers.js' own `generate` answers greedily: the new tokens, the stop token included. */
export async function generateGreedily({ model }: Loaded, prompt: readonly number[], count: number) {
  const options = { ...inputsOf(prompt), max_new_tokens: count, do_sample: false }
  const output = await model.generate(options as Parameters<typeof model.generate>[0])
  if (!(output instanceof Tensor)) throw new Error('generate gave no tensor')
  return Array.from(output.data as BigInt64Array, Number).slice(prompt.length)
}

/**
 * Answers prompts greedily in slots that fill one after the other while the earlier ones go on: after each prompt all
 * slots take a step together. A slot leaves when it has as many tokens as it was asked for.
 */
export async function serveGreedily(slots: Slots, prompts: readonly number[][], counts: readonly number[]) {
  const answers: number[][] = prompts.map(() => [])
  const open = () => answers.flatMap((_, slot) => (isOpen(slot) ? [slot] : []))
  const isOpen = (slot: number) =>
    answers[slot]?.length !== 0 && (answers[slot]?.length ?? 0) < (counts[slot] ?? 0)
  const step = async (which: number[], ids: number[][]) => {
    const logits = await slots.step(which, ids)
    for (const [row, slot] of which.entries()) answers[slot]?.push(argmax(logits[row] ?? new Float32Array()))
  }
  const decode = () =>
    step(
      open(),
      open().map((slot) => [answers[slot]?.at(-1) ?? 0]),
    )
  for (const [slot, prompt] of prompts.entries()) {
    await step([slot], [prompt])
    if (open().length > 0) await decode()
  }
  while (open().length > 0) await decode()
  return answers
}
