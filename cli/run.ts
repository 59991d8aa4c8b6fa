import { Command, CommanderError } from 'commander'
import { COMMANDS, type Listed } from './commands.ts'
import { type CliContext, CliError } from './context.ts'

/** The exit code that a shell reports for a process that Ctrl-C ended: 128 + SIGINT. */
const INTERRUPTED = 130

/**
 * Runs one command line, such as `['cost', '--users', '500']`, and returns its exit code: 0, 1 for a failure, 2 for a
 * wrong use, 130 after Ctrl-C. Failures are written to `err`, as JSON with `--json`.
 * @throws any error that is a mistake of the program's own
 */
export async function run(words: readonly string[], context: CliContext): Promise<number> {
  const json = words.includes('--json')
  const program = new Command('twohop')
    .description('Tools for a Twohop deployment.')
    .configureOutput({ writeOut: context.out, writeErr: () => {} })
    .exitOverride()
    .showHelpAfterError(false)
  // `help init` names it, too.
  const typed = words.find((word) => Object.hasOwn(COMMANDS, word))
  for (const [name, listed] of Object.entries(COMMANDS))
    program.addCommand(inherit(await commandOf(name, listed, name === typed ? context : undefined), program))
  try {
    await program.parseAsync(words, { from: 'user' })
    return 0
  } catch (error) {
    if (context.signal.aborted) return INTERRUPTED
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0
      if (error.code === 'commander.help') {
        const asked = program.commands.find((command) => command.name() === words[0]) ?? program
        context.err(asked.helpInformation())
        return 2
      }
      tell(context, json, 'usage', error.message.replace(/^error: /, '').replaceAll('\n', ' '))
      return 2
    }
    if (!(error instanceof CliError)) throw error
    tell(context, json, error.code, error.message)
    return error.code === 'usage' ? 2 : 1
  }
}

/** A command as it runs, or, where nobody asks for it, what the help says of it. */
async function commandOf(
  name: string,
  { about, load }: Listed,
  context: CliContext | undefined,
): Promise<Command> {
  const command = context === undefined ? new Command(name) : (await load())(context)
  return command.description(about)
}

/** Copies the program's settings: a command that was made separately lacks them. */
function inherit(command: Command, program: Command): Command {
  for (const inner of command.commands) inherit(inner, program)
  return command.copyInheritedSettings(program)
}

function tell({ err }: CliContext, json: boolean, code: string, message: string): void {
  err(json ? `${JSON.stringify({ error: { code, message } })}\n` : `twohop: ${message}\n`)
}
