import { VARIABLES } from '../config.ts'

/** What is read of the environment to fetch models, beside the host's own table. The page docs/configuration.md says the same. */
export const PULL_VARIABLES = {
  HF_TOKEN: { meaning: 'token for private or gated models; goes to that hub only' },
  HF_ENDPOINT: { meaning: "hub to fetch from, instead of Hugging Face's; https, or loopback" },
} as const satisfies Record<string, { meaning: string }>

type Environment = Record<string, string | undefined>

/** The hub that an environment names, as `pull` takes it. An empty value counts as absent. */
export function hubIn(environment: Environment): { endpoint: string | undefined; token: string | undefined } {
  const { HF_ENDPOINT, HF_TOKEN }: Partial<Record<keyof typeof PULL_VARIABLES, string | undefined>> =
    environment
  return { endpoint: HF_ENDPOINT || undefined, token: HF_TOKEN || undefined }
}

/** Where the host that has this environment looks for its manifest and for weights. */
export function modelPathsIn({ MODELS_FILE, MODELS_DIR }: Environment): { manifest: string; dir: string } {
  return {
    manifest: MODELS_FILE || VARIABLES.MODELS_FILE.fallback,
    dir: MODELS_DIR || VARIABLES.MODELS_DIR.fallback,
  }
}
