import {
  JOB_KEYS,
  JOB_RESULTS_KEPT_MS,
  jobInputsKey,
  jobKey,
  jobResultsKey,
  jobStreamKey,
  jobsOfKey,
} from '../../../shared/jobs/record.ts'
import { inputsHash, JOB_TOKEN, type JobClaims } from '../../../shared/jobs/token.ts'
import type { Signer } from '../signer.ts'

/** Runs one command. */
export type Command = <Result>(...words: (string | number)[]) => Promise<Result>

export type WantedJob = {
  id: string
  account?: string
  model: string
  task?: string
  path: string
  scope: string
  bodies: object[]
  /** Tokens reserved for each input. */
  reserved?: { prompt_tokens: number; output_tokens: number }
  /** Milliseconds from now. */
  lastsMs?: number
  /** Changes what the token says. */
  claims?: Partial<JobClaims>
}

/** Completions whose end tokens are ruled out, so that each is as long as its limit. */
export const stories = (count: number, tokens: number): object[] =>
  Array.from({ length: count }, (_, index) => ({
    model: 'chat',
    prompt: `Chapter ${index}`,
    max_tokens: tokens,
    stream: false,
    temperature: 0,
    stop: [],
    logit_bias: { 0: -100, 2: -100 },
  }))

let entries = 0

/** Puts a job into Redis as the edge does, and gives its record's token. */
export async function enqueue(
  command: Command,
  signer: Pick<Signer, 'signClaims'>,
  wanted: WantedJob,
): Promise<string> {
  const { id, account = 'account-1', model, task = 'chat', path, scope, bodies } = wanted
  const reserved = wanted.reserved ?? { prompt_tokens: 1000, output_tokens: 1000 }
  const deadline = Date.now() + (wanted.lastsMs ?? 600_000)
  const inputs = bodies.map((body) => JSON.stringify({ body, ...reserved }))
  const token = await signer.signClaims({
    iss: JOB_TOKEN.issuer,
    aud: JOB_TOKEN.audience,
    iat: Math.floor(Date.now() / 1000),
    exp: Math.ceil(deadline / 1000),
    jti: id,
    sub: account,
    model,
    scope,
    path,
    inputs_sha256: await inputsHash(inputs),
    deadline,
    input_ms: 60_000,
    weight: 1,
    ...wanted.claims,
  })
  const entry = `${Date.now()}-${++entries}`
  const record = { account, model, task, path, count: inputs.length, token, deadline, entry, state: 'queued' }
  const fields = Object.entries({ ...record, created_at: Date.now() }).flat()
  await command('HSET', jobKey(id), ...fields)
  await command('HSET', jobInputsKey(id), ...inputs.flatMap((input, index) => [index, input]))
  for (const key of [jobKey(id), jobInputsKey(id)])
    await command('PEXPIREAT', key, deadline + JOB_RESULTS_KEPT_MS)
  for (const key of [JOB_KEYS.open, jobsOfKey(account)]) await command('ZADD', key, deadline, id)
  // Last: the edge does all this in one step, and a host deletes an entry without a record.
  await command('XADD', jobStreamKey(model), entry, 'job', id)
  return token
}

/** A hash by name. */
export async function hashOf(command: Command, key: string): Promise<Record<string, string>> {
  const fields = await command<string[] | Record<string, string>>('HGETALL', key)
  if (!Array.isArray(fields)) return fields
  return Object.fromEntries(fields.flatMap((name, i) => (i % 2 === 0 ? [[name, fields[i + 1] ?? '']] : [])))
}

/** A job's record and its results by index. */
export async function jobOf(command: Command, id: string) {
  const results = Object.entries(await hashOf(command, jobResultsKey(id)))
  return {
    record: await hashOf(command, jobKey(id)),
    results: new Map(
      results.map(([index, json]) => [Number(index), JSON.parse(json) as { status: number; body: never }]),
    ),
  }
}
