import * as z from 'zod'

const Count = z.int().min(0)
const Usage = z.object({ prompt_tokens: Count, completion_tokens: Count })

const Logprob = z.object({ token: z.string(), logprob: z.number(), bytes: z.array(z.int()) })
const Logprobs = z.object({ content: z.array(Logprob.extend({ top_logprobs: z.array(Logprob) })) }).nullish()

const FinishReason = z.enum(['stop', 'length', 'tool_calls', 'content_filter'])
/** The stop string that ended an answer. */
const StopReason = z.string().optional()

/** A whole answer of the host to a chat: what is read of it (shared/openai/chat.ts). */
export const HostAnswer = z
  .object({
    created: z.int(),
    choices: z.tuple([
      z.object({
        message: z.object({
          content: z.string().nullable(),
          /** What a foreign model said in place of an answer: to other APIs it is text. */
          refusal: z.string().nullish(),
          tool_calls: z
            .array(
              z.object({ id: z.string(), function: z.object({ name: z.string(), arguments: z.string() }) }),
            )
            .default([]),
        }),
        logprobs: Logprobs,
        finish_reason: FinishReason,
        stop_reason: StopReason,
      }),
    ]),
    usage: Usage,
  })
  .transform(({ created, usage, choices: [{ message, logprobs, finish_reason, stop_reason }] }) => ({
    created,
    usage,
    text: message.content ?? message.refusal ?? '',
    calls: message.tool_calls,
    logprobs: logprobs?.content ?? [],
    finish: finish_reason,
    stop: stop_reason,
  }))
export type HostAnswer = z.output<typeof HostAnswer>

/** A part of a call. The first one has its id and its name. */
const CallPart = z.object({
  id: z.string().nullish(),
  function: z.object({ name: z.string().nullish(), arguments: z.string() }),
})

/** A chunk of the host's stream. The last one has no choice. */
export const HostChunk = z
  .object({
    created: z.int(),
    choices: z
      .array(
        z.object({
          delta: z.object({
            content: z.string().nullish(),
            refusal: z.string().nullish(),
            tool_calls: z.array(CallPart).nullish(),
          }),
          logprobs: Logprobs,
          finish_reason: FinishReason.nullable(),
          stop_reason: StopReason,
        }),
      )
      .max(1),
    usage: Usage.nullish(),
    timing: z.object({ cached_prompt_tokens: Count.optional() }).nullish(),
  })
  .transform(({ created, usage, timing, choices: [choice] }) => ({
    created,
    usage: usage ?? undefined,
    cached: timing?.cached_prompt_tokens ?? 0,
    text: choice?.delta.content ?? choice?.delta.refusal ?? '',
    calls: choice?.delta.tool_calls ?? [],
    logprobs: choice?.logprobs?.content ?? [],
    finish: choice?.finish_reason ?? undefined,
    stop: choice?.stop_reason,
  }))
export type HostChunk = z.output<typeof HostChunk>
