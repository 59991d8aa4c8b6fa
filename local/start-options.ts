import { Command } from 'commander'

/** What was typed after `npm start --`, as fields of `twohop.config.ts`, and how to tell of it. */
export type Typed = { settings: Record<string, unknown>; verbose: boolean; json: boolean }

const collect = (value: string, values: string[] = []) => [...values, value]
/** A number where it is one; else the text, which a reader of settings refuses by name. */
const numeric = (text: string) => (/^\d{1,9}$/.test(text) ? Number(text) : text)

const SET = '--set <NAME=value>'

/**
 * Adds `NAME=value` to the variables of the edge. What has another form ends the process, and is not shown: a value may
 * stand there that is a secret, as behind a name that a shell has not set, or alone with the `=` at its end that base64 has. An
 * InvalidArgumentError would show it.
 */
function variableOf(command: Command) {
  return function variable(text: string, variables: Record<string, string> = {}): Record<string, string> {
    const [, name, value = ''] = /^([A-Z][A-Z0-9_]*)=(.*)$/s.exec(text) ?? []
    if (name === undefined) return command.error(`error: option '${SET}': NAME=value is needed.`)
    return { ...variables, [name]: value }
  }
}

/** Reads the options of `npm start`; `--help` and a typing error end the process, as commander does. */
export function typedOptions(argv: readonly string[]): Typed {
  const command = new Command('npm start --')
  const { verbose, json, set, firebaseProject, supabaseUrl, model, origin, ...rest } = command
    .description(
      'Runs Twohop on this machine: edge, host, Redis, Postgres and an issuer that signs users in. Ctrl-C stops it.',
    )
    .option('--port <port>', 'port of the edge (default: 8787)', numeric)
    .option(
      '--sign-in-port <port>',
      'port at which users sign in (default: 8789, or a free one where that is taken)',
      numeric,
    )
    .option(
      '--model <hub id or folder>',
      'a model to serve in place of the embedded one of its kind (repeatable)',
      collect,
    )
    .option('--device <device>', 'where models run: auto, cpu, webgpu or cuda (default: auto)')
    .option(
      '--origin <origin>',
      'a page that may call, beside installed extensions and pages of this machine (repeatable)',
      collect,
    )
    .option(
      '--firebase-project <id>',
      "a Firebase project whose users are let in, in place of the local issuer's (repeatable)",
      collect,
    )
    .option(
      '--supabase-url <url>',
      "a Supabase project whose users are let in, beside the local issuer's (repeatable)",
      collect,
    )
    .option(
      '--emulators <list>',
      'emulators whose tokens are taken: firebase:<project id>, supabase:<URL>, by comma; the edge then runs on Node',
      collect,
    )
    .option('--catalog <file>', 'models, plans and prices in place of the usual ones')
    .option(SET, 'a variable of the edge: docs/configuration.md (repeatable)', variableOf(command))
    .option('--verbose', 'print all that the parts print', false)
    .option(
      '--json',
      'print one line of JSON when it is up, and all else to standard error (with npm start --silent)',
      false,
    )
    .addHelpText('after', '\ntwohop.config.ts and .env of the current folder say the same: docs/start.md.')
    .allowExcessArguments(false)
    .parse(argv)
    .opts()
  const named = {
    firebaseProjects: firebaseProject,
    supabaseUrls: supabaseUrl,
    models: model,
    origins: origin,
  }
  return { settings: { ...rest, ...named, edge: set }, verbose, json }
}
