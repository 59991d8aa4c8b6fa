import type { Kind } from './model.ts'

export const SIGN_INS = ['firebase', 'supabase', 'both'] as const
export type SignIn = (typeof SIGN_INS)[number]
export const RUNTIMES = ['workers', 'supabase', 'firebase', 'node'] as const
export type Runtime = (typeof RUNTIMES)[number]

/** All that the configuration follows from. */
export type Answers = {
  firebaseProjects: string[]
  supabaseUrls: string[]
  runtime: Runtime
  model: string
  modelId: string | undefined
  kind: Kind
  context: number | undefined
  origins: string[]
  /** What may come later: it is then left to do. */
  redisUrl: string | undefined
  hostUrl: string | undefined
}

/** What the options say; the rest is asked. */
export type Given = {
  [Name in Exclude<keyof Answers, 'firebaseProjects' | 'supabaseUrls' | 'origins'>]?:
    | Answers[Name]
    | undefined
} & {
  signIn?: SignIn | undefined
  firebaseProjects: string[]
  supabaseUrls: string[]
  origins: string[]
}
