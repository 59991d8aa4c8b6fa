/** Where users sign in. Keys of this kind are made to be public: Row Level Security and Twohop's edge do the protecting. */
export type SignInConfig =
  | { platform: 'supabase'; url: string; publishableKey: string }
  | {
      platform: 'firebase'
      projectId: string
      apiKey: string
      /** Address of a Firebase Auth emulator, which replaces Google's servers. */
      emulator?: string
    }

export type Config = {
  /** Address of Twohop's edge, without a path. */
  edge: string
  signIn: SignInConfig
  /** Bytes (UTF-8) of a page that are sent at most. No token is longer than a byte, so the model's context is a safe limit. */
  longestText: number
  /** Tokens of an answer at most. The plan may allow fewer. */
  longestAnswer: number
}
