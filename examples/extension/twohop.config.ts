import type { Builds } from './src/config.ts'

/**
 * The one file to edit. `npm run build` takes `local`, `npm run build:production` and `npm run zip` take `production`.
 * All of it can be read by whoever installs the extension, so nothing secret belongs here.
 */
const builds: Builds = {
  // What `npm start` in Twohop's repository runs.
  local: {
    edge: 'http://127.0.0.1:8787',
    signIn: { platform: 'supabase', url: 'http://127.0.0.1:8789', publishableKey: 'sb_publishable_local' },
    // signIn: { platform: 'firebase', projectId: 'twohop-local', apiKey: 'local', emulator: 'http://127.0.0.1:8789' },
    longestText: 1200,
    longestAnswer: 256,
  },
  production: {
    edge: 'https://twohop.example.com',
    signIn: { platform: 'supabase', url: 'https://project.example.com', publishableKey: 'sb_publishable_…' },
    // signIn: { platform: 'firebase', projectId: 'my-project', apiKey: 'AIza…' },
    longestText: 12_000,
    longestAnswer: 512,
  },
}

export default builds
