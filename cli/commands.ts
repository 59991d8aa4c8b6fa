import type { Command } from 'commander'
import type { CliContext } from './context.ts'

/** One command: what the help says of it, and how it is made. */
export type Listed = { about: string; load: () => Promise<(context: CliContext) => Command> }

/**
 * Every command, in the order of the help. A new one is a file under `commands/` and an entry here. Its file is read when
 * somebody types it: together they bring half of the project along, which takes longer than the help.
 */
export const COMMANDS: Readonly<Record<string, Listed>> = {
  init: {
    about: 'Write the configuration of a deployment: variables, keys, catalog; and say what is left to do.',
    load: async () => (await import('./commands/init.ts')).initCommand,
  },
  accounts: {
    about: 'List, suspend and restore accounts, set their plans and grant them units.',
    load: async () => (await import('./commands/accounts.ts')).accountsCommand,
  },
  keys: {
    about: 'Make, list and revoke your API keys.',
    load: async () => (await import('./commands/api-keys.ts')).keysCommand,
  },
  audit: {
    about: 'Administrative acts on accounts and API keys, the latest first.',
    load: async () => (await import('./commands/audit.ts')).auditCommand,
  },
  prompts: {
    about: 'What was asked lately, without personal data and secrets, where LOG_PROMPTS keeps it.',
    load: async () => (await import('./commands/prompts.ts')).promptsCommand,
  },
  drain: {
    about:
      'Move usage events, the log of administration and feedback from Redis to the ledger until none is left.',
    load: async () => (await import('./commands/ledger.ts')).drainCommand,
  },
  reconcile: {
    about: "Compare the ledger with the budgets' counters; exit code 1 where they differ.",
    load: async () => (await import('./commands/ledger.ts')).reconcileCommand,
  },
  catalog: {
    about:
      'Push, list, show and roll back the catalog in Redis: prices, weights and switched-off models without a deployment.',
    load: async () => (await import('./commands/catalog.ts')).catalogCommand,
  },
  eval: {
    about:
      'Ask models and versions the cases of a suite, and say how many answers are good; exit code 1 below its threshold.',
    load: async () => (await import('./commands/eval.ts')).evalCommand,
  },
  doctor: {
    about: 'Check a deployment from outside and inside, and say what mends it; exit code 1 where it is ill.',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  cost: {
    about: 'What a month costs, by part, for several combinations of providers.',
    load: async () => (await import('./commands/cost.ts')).costCommand,
  },
  price: {
    about: "Turn what tokens cost you into the catalog's prices, a plan's budgets and a user's price.",
    load: async () => (await import('./commands/price.ts')).priceCommand,
  },
  token: {
    about: 'Print a token of a demo user, for the stack that `npm start` runs here.',
    load: async () => (await import('./commands/token.ts')).tokenCommand,
  },
}
