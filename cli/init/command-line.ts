import type { Answers } from './answers.ts'
import { EMBEDDED } from './model.ts'

/** The command line that gives these answers again, in one go. */
export function commandOf(answers: Answers): string {
  const {
    firebaseProjects,
    supabaseUrls,
    runtime,
    model,
    modelId,
    kind,
    context,
    origins,
    redisUrl,
    hostUrl,
  } = answers
  const options = [
    ...firebaseProjects.map((id) => ['--firebase-project', id]),
    ...supabaseUrls.map((url) => ['--supabase-url', url]),
    ['--runtime', runtime],
    ['--model', model],
    ...(model === EMBEDDED ? [] : [['--kind', kind]]),
    ...(modelId === undefined ? [] : [['--model-id', modelId]]),
    ...(context === undefined ? [] : [['--context', String(context)]]),
    ...origins.map((origin) => ['--origin', origin]),
    ...(redisUrl === undefined ? [] : [['--redis-url', redisUrl]]),
    ...(hostUrl === undefined ? [] : [['--host-url', hostUrl]]),
  ]
  return ['npx twohop init', ...options.map(([flag, value = '']) => `${flag} ${quoted(value)}`)].join(' ')
}

/** A word as a POSIX shell takes it for one. */
const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)
