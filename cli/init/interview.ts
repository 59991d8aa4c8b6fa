import { CliError } from '../context.ts'
import type { Answers, Given } from './answers.ts'
import { QUESTIONS, type Question, requireProject } from './questions.ts'

/** Asks one question and gives the typed line. */
export type Ask = (question: string) => Promise<string>

/**
 * The answers: those that are given, and the rest by asking. Where nobody can be asked, `usual` takes what is usual for
 * the rest.
 * @throws CliError usage, which names every option that is missing
 */
export async function answersOf(
  given: Given,
  { ask, usual }: { ask?: Ask | undefined; usual: boolean },
): Promise<Answers> {
  const all: Given = { ...given }
  all.signIn ??=
    all.firebaseProjects.length > 0
      ? all.supabaseUrls.length > 0
        ? 'both'
        : 'firebase'
      : all.supabaseUrls.length > 0
        ? 'supabase'
        : undefined
  const missing: string[] = []
  for (const question of QUESTIONS) {
    if (!question.needed(all)) continue
    if (ask !== undefined && !usual) await answered(question, all, ask)
    else if (usual && question.usual) question.take(all, question.usual)
    else if (!question.optional) missing.push(question.flag)
  }
  if (missing.length > 0)
    throw new CliError(
      'usage',
      `Nobody can be asked here, so say ${missing.join(', ')}; --help has examples.`,
    )
  const { runtime, model, modelId, kind = 'chat', context, redisUrl, hostUrl } = all
  if (runtime === undefined || model === undefined) throw new RangeError('every question has an answer')
  requireProject(all)
  return {
    firebaseProjects: all.firebaseProjects,
    supabaseUrls: all.supabaseUrls,
    runtime,
    model,
    modelId,
    kind,
    context,
    origins: all.origins,
    redisUrl: redisUrl || undefined,
    hostUrl: hostUrl || undefined,
  }
}

/** Times that one question comes before the command gives up. */
const TRIES = 5

async function answered(question: Question, all: Given, ask: Ask): Promise<void> {
  let hint = ''
  for (let tries = 0; tries < TRIES; tries++) {
    const usual = question.usual ? ` [${question.usual}]` : ''
    const answer = (await ask(`${hint}${question.text}${usual}: `)).trim() || question.usual
    if (answer === '' && question.optional) return
    try {
      if (answer) return question.take(all, answer)
    } catch (error) {
      if (!(error instanceof CliError)) throw error
      hint = `${error.message}\n`
    }
  }
  throw new CliError('usage', `${question.flag} has no answer.`)
}
