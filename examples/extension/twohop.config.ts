import type { Config } from './src/config.ts'

// The one file to edit. Whoever installs the extension can read it, so nothing secret belongs here.

/** `npm run build` takes this: what `npm start` in Twohop's repository runs. */
export const local: Config = {
  edge: 'http://127.0.0.1:8787',
  signIn: { platform: 'supabase', url: 'http://127.0.0.1:8789', publishableKey: 'sb_publishable_local' },
  // signIn: { platform: 'firebase', projectId: 'twohop-local', apiKey: 'local', emulator: 'http://127.0.0.1:8789' },
  longestText: 1200,
  longestAnswer: 256,
}

/** `npm run build:production` and `npm run zip` take this. */
export const production: Config = {
  edge: 'https://twohop.example.com',
  signIn: { platform: 'supabase', url: 'https://project.example.com', publishableKey: 'sb_publishable_…' },
  // signIn: { platform: 'firebase', projectId: 'my-project', apiKey: 'AIza…' },
  longestText: 12_000,
  longestAnswer: 512,
}
