import type { SignInPlaces } from '../edge/routes/sign-in-places.ts'

/** Whose users a stack lets in beside, or in place of, those of its own issuer. */
export type OwnProjects = { firebaseProjects: readonly string[]; supabaseUrls: readonly string[] }

/** Where the dashboard signs users in: at the local issuer, as far as the edge trusts it. */
export function signInPlaces(
  { firebase, supabase }: { firebase: { authUrl: string }; supabase: { url: string } },
  own: OwnProjects | undefined,
): SignInPlaces {
  const trusted = (own?.firebaseProjects ?? []).length === 0
  return {
    ...(trusted && { firebase: { api_key: 'local', emulator: firebase.authUrl } }),
    supabase: { url: supabase.url, publishable_key: 'sb_publishable_local' },
  }
}

/**
 * The edge's variables about issuers. Firebase's keys come from one address, so with a project of yours they are Google's,
 * and the local issuer counts as Supabase alone.
 * @param local those of the local issuer
 */
export function issuerVariables(
  local: Readonly<Record<string, string>>,
  { firebaseProjects, supabaseUrls }: OwnProjects,
): Record<string, string> {
  return {
    ...local,
    ...(firebaseProjects.length > 0 && {
      FIREBASE_PROJECT_IDS: firebaseProjects.join(','),
      FIREBASE_JWKS_URL: '',
    }),
    SUPABASE_URLS: [local.SUPABASE_URLS, ...supabaseUrls].join(','),
  }
}
