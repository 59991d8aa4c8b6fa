import { AutoModelForCausalLM, AutoTokenizer, env, type Tensor } from '@huggingface/transformers'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { ChatCompletion, ChatCompletionChunk } from '../../shared/openai/chat.ts'
import type { Completion } from '../../shared/openai/completions.ts'
import { type Serving, serve } from '../fixtures/host/serving.ts'
import { describeEachModel, embeddedModel, realModel } from '../fixtures/models.ts'
import { slowly } from '../fixtures/pace.ts'
import { paceFile, paceOwn } from '../fixtures/pace-own.ts'

/** What the tests have to know of a model: how fast it is, and what it says. */
const MODELS = [
  {
    ...embeddedModel('twohop-chat'),
    dtype: 'q8',
    context: 1024,
    /** Tokens that hold its answer to the question below, and the whole of that answer's end. */
    enough: 60,
    /** A piece of that answer that begins and ends within its tokens. */
    piece: 'nly k',
    /** Tokens of an answer that takes longer than the deadline (ms) of the test of deadlines. */
    long: 900,
    deadline: 200,
    /** Output tokens, beside a prompt of 480, that keep it busy for several answers of the HTTP thread. */
    busy: 500,
    writesScripts: false,
  },
  {
    ...realModel('SmolLM2-135M-Instruct'),
    dtype: 'q4',
    context: 512,
    enough: 24,
    piece: 'ion i',
    long: 400,
    deadline: 700,
    busy: 1,
    writesScripts: true,
  },
] as const
const CHAT = 'POST /v1/chat/completions'
const COUNTED = { include_usage: true, continuous_usage_stats: true }
const CATS = [{ role: 'user', content: 'How many legs does a cat have?' }]

const STORY = { role: 'user', content: 'Tell me a very long story about a ship.' }
/** The tokens that end an answer are ruled out. */
const ENDLESS = { 0: -100, 2: -100 }

type Chunk = ChatCompletionChunk & { timing?: { queue_ms: number; compute_ms: number } }

/** A file by which tests slow the model down, so that it computes for longer than they need. */
const pace = paceFile()

describeEachModel('generation with %s', MODELS, (model) => {
  const { folder, dtype, context, enough, piece, long } = model
  let serving: Serving

  beforeAll(async () => {
    paceOwn(pace)
    serving = await serve([{ id: 'chat', source: folder, task: 'text-generation', context }])
  })
  afterAll(async () => {
    await serving?.stop()
    vi.unstubAllEnvs()
  })

  const ask = (changes: object = {}) => ({
    model: 'chat',
    messages: CATS,
    max_tokens: enough,
    stream: false,
    temperature: 0,
    stop: [],
    ...changes,
  })

  async function whole(changes: object = {}, claims = {}) {
    const response = await serving.send(CHAT, ask(changes), { claims })
    const body = (await response.json()) as ChatCompletion
    return { body, text: body.choices[0]?.message.content ?? '', finish: body.choices[0]?.finish_reason }
  }

  async function chunksOf(response: Response): Promise<Chunk[]> {
    const events = (await response.text()).trim().split('\n\n')
    expect(events.pop()).toBe('data: [DONE]')
    return events.map((event) => JSON.parse(event.replace('data: ', '')))
  }

  async function refusal(changes: object, claims: object = {}) {
    const response = await serving.send(CHAT, ask(changes), { claims })
    const { error } = (await response.json()) as { error: { code: string; param: string | null } }
    return { status: response.status, code: error.code, usage: response.headers.get('x-usage') }
  }

  /** What transformers.js itself generates, greedily, from the same prompt. */
  async function plain(prompt: (tokenizer: AutoTokenizer) => string, most: number) {
    env.allowRemoteModels = false
    const tokenizer = await AutoTokenizer.from_pretrained(folder)
    const causal = await AutoModelForCausalLM.from_pretrained(folder, { dtype, device: 'cpu' })
    const inputs = tokenizer(prompt(tokenizer), { add_special_tokens: false })
    const output = (await causal.generate({
      ...inputs,
      max_new_tokens: most,
      do_sample: false,
    } as never)) as Tensor
    const promptTokens = inputs.input_ids.dims[1] ?? 0
    const ids = (output.tolist()[0] as bigint[]).map(Number).slice(promptTokens)
    await causal.dispose()
    return {
      promptTokens,
      outputTokens: ids.length,
      text: tokenizer.decode(ids, { skip_special_tokens: true }),
    }
  }

  test('greedy chat gives what transformers.js gives, with the same counts, the stop token included', async () => {
    const expected = await plain(
      (tokenizer) =>
        (tokenizer as unknown as { apply_chat_template(m: object, o: object): string }).apply_chat_template(
          CATS,
          {
            tokenize: false,
            add_generation_prompt: true,
          },
        ),
      enough,
    )
    const { body, text, finish } = await whole()
    expect(text).toBe(expected.text)
    expect(finish).toBe('stop')
    expect(body.usage).toEqual({
      prompt_tokens: expected.promptTokens,
      completion_tokens: expected.outputTokens,
      total_tokens: expected.promptTokens + expected.outputTokens,
    })
  })

  test('a stream gives the same text token by token, and its usage grows by one', async () => {
    const { body, text } = await whole()
    const response = await serving.send(CHAT, ask({ stream: true, stream_options: COUNTED }))
    const chunks = await chunksOf(response)
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(text)
    expect(chunks[0]?.choices[0]?.delta.role).toBe('assistant')
    const counts = chunks.map(({ usage }) => usage?.completion_tokens)
    const most = body.usage.completion_tokens
    expect(counts).toEqual([...Array.from({ length: most + 1 }, (_, i) => i), most, most])
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: body.usage })
    expect(chunks.at(-1)?.timing?.compute_ms).toBeGreaterThan(0)
  })

  test('characters of several tokens come whole', async () => {
    const prompt = '日本語: こんにちは。中文: 你好。Emoji: 😀🎉👩‍👩‍👧 한국어:'
    const request = { model: 'chat', prompt, max_tokens: 24, temperature: 0, stop: [] }
    const response = await serving.send('POST /v1/completions', { ...request, stream: true })
    const pieces = (await chunksOf(response)).map(
      (chunk) => (chunk as unknown as Completion).choices[0]?.text ?? '',
    )
    const expected = await plain(() => prompt, 24)
    expect(pieces.join('')).toBe(expected.text.replace(/\uFFFD+$/, ''))
    if (model.writesScripts) expect(pieces.join('')).toMatch(/[^\u0020-\u007f]/)
    expect(pieces.every((one) => one.isWellFormed() && !one.includes('\uFFFD'))).toBe(true)
  })

  test('so do those of an answer that it is told to give', async () => {
    const said = '日本語 😀👩‍👩‍👧 한국어'
    const request = ask({
      max_tokens: 80,
      stream: true,
      stream_options: COUNTED,
      structured_outputs: { choice: [said] },
    })
    const chunks = await chunksOf(await serving.send(CHAT, request))
    const pieces = chunks.map(({ choices }) => choices[0]?.delta.content ?? '')
    expect(pieces.join('')).toBe(said)
    expect(pieces.every((one) => one.isWellFormed() && !one.includes('\uFFFD'))).toBe(true)
    // Fewer pieces than tokens: none was sent before it was whole.
    expect(chunks.at(-1)?.usage?.completion_tokens).toBeGreaterThan(pieces.filter(Boolean).length)
  })

  test('a stop string ends the text before it, and what was computed is counted', async () => {
    const { text } = await whole()
    expect(text).toContain(piece)
    const cut = await whole({ stop: [piece] })
    expect(cut.text).toBe(text.slice(0, text.indexOf(piece)))
    expect(cut.finish).toBe('stop')
    expect(cut.body.usage.completion_tokens).toBeGreaterThan(4)
    expect(cut.body.usage.completion_tokens).toBeLessThan(12)
  })

  test('a seed makes sampling repeatable; another seed says something else', async () => {
    const sampled = (seed: number) =>
      whole({ temperature: 2, top_p: 0.95, seed, max_tokens: enough, logit_bias: ENDLESS })
    const [first, again, other] = [await sampled(7), await sampled(7), await sampled(8)]
    expect(again.text).toBe(first.text)
    expect(other.text).not.toBe(first.text)
  })

  test('output ends at max_tokens, and at the end of the context', async () => {
    const short = await whole({ max_tokens: 3 })
    expect([short.finish, short.body.usage.completion_tokens]).toEqual(['length', 3])
    const prompt = ' the'.repeat(context - 7)
    const request = { ...ask({ max_tokens: 100, logit_bias: ENDLESS }), messages: undefined, prompt }
    const response = await serving.send('POST /v1/completions', request)
    const { choices, usage } = (await response.json()) as Completion
    expect(choices[0]?.finish_reason).toBe('length')
    expect(usage?.total_tokens).toBe(context)
  })

  test('a prompt beyond the reservation, or the context, is refused before compute', async () => {
    const { body } = await whole({ max_tokens: 1 })
    const exactly = { prompt_tokens: body.usage.prompt_tokens, output_tokens: enough }
    expect((await whole({ max_tokens: 1 }, { reserved: exactly })).body.usage).toEqual(body.usage)
    const unused = '{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}'
    const less = { ...exactly, prompt_tokens: exactly.prompt_tokens - 1 }
    expect(await refusal({}, { reserved: less })).toEqual({
      status: 400,
      code: 'prompt_exceeds_reservation',
      usage: unused,
    })
    const messages = [{ role: 'user', content: ' the'.repeat(context + 88) }]
    expect(await refusal({ messages })).toEqual({
      status: 400,
      code: 'context_length_exceeded',
      usage: unused,
    })
  })

  test('a deadline that passes stops the compute: host_timeout, and what was computed', async () => {
    // Short answers to high limits happen, so that the host cannot know beforehand that this one comes too late.
    await whole({ max_tokens: long, stop: [piece] })
    const late = async () => {
      const endless = { max_tokens: long, messages: [STORY], logit_bias: ENDLESS }
      const { status, code, usage } = await refusal(endless, deadlineIn(model.deadline))
      expect({ status, code }).toEqual({ status: 504, code: 'host_timeout' })
      return JSON.parse(usage ?? '{}')
    }
    let used = await late()
    // On a busy machine one may be too late to begin.
    for (let tries = 0; tries < 9 && !(used.prompt_tokens > 0); tries++) used = await late()
    expect(used.prompt_tokens).toBeGreaterThan(0)
    expect(used.completion_tokens).toBeLessThan(long)
  })

  const deadlineIn = (ms: number) => ({ deadline: Date.now() + ms })

  /** Starts a long stream and reads until `count` tokens were seen; the reader stays open. */
  async function longStream(id: string, count: number, signal?: AbortSignal) {
    const response = await serving.send(
      CHAT,
      ask({
        messages: [STORY],
        max_tokens: long,
        logit_bias: ENDLESS,
        stream: true,
        stream_options: COUNTED,
      }),
      { claims: { jti: id }, ...(signal && { signal }) },
    )
    const reader = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader()
    const seen = { tokens: 0, text: '' }
    async function read(): Promise<boolean> {
      const { value, done } = await reader.read()
      seen.text += value ?? ''
      for (const [, tokens] of (value ?? '').matchAll(/"completion_tokens":(\d+)/g))
        seen.tokens = Number(tokens)
      return !done
    }
    while (seen.tokens < count && (await read()));
    return { seen, read }
  }

  const cancel = (id: string) =>
    serving.send(`DELETE /v1/requests/${id}`, undefined, { claims: { jti: `${id}.cancel` } })

  test('a cancelled stream ends within one step, and its answer says exactly what was produced', async () => {
    const id = crypto.randomUUID()
    const { seen, before, usage, timing } = await slowly(pace, async () => {
      const stream = await longStream(id, 5)
      const shown = stream.seen.tokens
      const said = (await (await cancel(id)).json()) as {
        usage: { completion_tokens: number }
        timing: { compute_ms: number }
      }
      while (await stream.read());
      return { seen: stream.seen, before: shown, ...said }
    })
    expect(seen.text).not.toContain('[DONE]')
    expect(seen.text).toMatch(/"code":"cancelled"/)
    // What the stream showed last is what the cancel answered: nothing was computed after it.
    expect(usage.completion_tokens).toBe(seen.tokens)
    expect(usage.completion_tokens).toBeLessThan(long)
    expect(usage.completion_tokens).toBeGreaterThanOrEqual(before)
    expect(timing.compute_ms).toBeGreaterThan(0)
  })

  test('a caller that goes away stops the generation; its usage can be asked for afterwards', async () => {
    const caller = new AbortController()
    const id = crypto.randomUUID()
    const { seen, usage } = await slowly(pace, async () => {
      const stream = await longStream(id, 3, caller.signal)
      caller.abort()
      const said = (await (await cancel(id)).json()) as { usage: { completion_tokens: number } }
      return { seen: stream.seen, ...said }
    })
    expect(usage.completion_tokens).toBeGreaterThanOrEqual(seen.tokens)
    expect(usage.completion_tokens).toBeLessThan(long)
    // The model is free again at once.
    expect((await whole({ max_tokens: 1 })).body.usage.completion_tokens).toBe(1)
  })

  test('the HTTP thread answers while a prompt is computed', async () => {
    const prompt = ' the'.repeat(480)
    const request = {
      model: 'chat',
      prompt,
      max_tokens: model.busy,
      logit_bias: ENDLESS,
      stream: false,
      temperature: 0,
      stop: [],
    }
    let computing = true
    let answers = 0
    const answer = serving.send('POST /v1/completions', request).finally(() => {
      computing = false
    })
    while (computing) {
      expect((await fetch(`${serving.host.url}/livez`)).status).toBe(200)
      answers++
    }
    expect((await answer).status).toBe(200)
    expect(answers).toBeGreaterThan(2)
  })

  test('no line of the log holds a prompt or an answer', async () => {
    const { text } = await whole()
    const log = serving.lines.join('\n')
    expect(log).toContain('code=finished')
    expect(log).not.toContain(text)
    expect(log).not.toContain('How many legs')
  })
})
