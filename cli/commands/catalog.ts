import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { type CatalogAdmin, createUpstashCatalog } from '../../edge/access/upstash-catalog.ts'
import { HERE } from '../../local/here.ts'
import { catalogOver } from '../../shared/catalog-change.ts'
import { TwohopError } from '../../shared/errors.ts'
import { secondOf } from '../../shared/seconds.ts'
import { plain, timeText } from '../api.ts'
import { changesOf } from '../catalog-changes.ts'
import { type CliContext, CliError } from '../context.ts'
import { textTable } from '../cost/table.ts'
import { edgeCatalog, PLAN_VARIABLES, REDIS_VARIABLES, readEdgeVariables } from '../edge-variables.ts'
import { whole } from '../numbers.ts'

type Change = { yes: boolean; json: boolean; reason: string }

/** Milliseconds that one round trip may take: a catalog is up to 256 kB. */
const TIMEOUT_MS = 10_000

/** `twohop catalog`: the catalog in Redis, which edges with `CATALOG_STORE=redis` take within a minute. */
export function catalogCommand(context: CliContext): Command {
  const catalog = new Command('catalog')
  const command = (name: string, what: string) =>
    catalog.command(name).description(what).option('--json', 'print JSON', false).allowExcessArguments(false)
  const change = (name: string, what: string) =>
    command(name, what)
      .option('--yes', 'do not ask', false)
      .option('--reason <text>', 'written into the audit log', '')

  change('push <file>', 'Put a catalog in the place of the one that holds.').action(
    (file: string, options: Change) =>
      told(async () => {
        const text = await readFile(resolve(HERE, file), 'utf8').catch((cause: unknown) => {
          throw new CliError('unreadable', `${file} cannot be read.`, { cause })
        })
        await replace(context, options, 'catalog.push', () => text)
      }),
  )
  change('rollback', 'Put an earlier version in its place.')
    .option(
      '--to <version>',
      'a version of the list, 0 for the one that is deployed; default the one before',
      whole(0, 1e9),
    )
    .action((options: Change & { to?: number }) =>
      told(() =>
        replace(context, options, 'catalog.rollback', async (store, seen) => {
          const to = options.to ?? seen - 1
          if (to <= 0) return undefined
          const found = (await store.versions()).find(({ version }) => version === to)
          if (!found) throw new CliError('not_found', `Version ${to} is not kept: see twohop catalog list.`)
          return found.text
        }),
      ),
    )
  command('list', 'The versions that are kept, the newest first.').action(({ json }: { json: boolean }) =>
    told(async () => {
      const versions = (await storeOf().versions()).map(({ version, at, text }) => ({
        version,
        at: secondOf(at),
        bytes: text?.length ?? 0,
      }))
      context.out(json ? `${JSON.stringify(versions)}\n` : listed(versions))
    }),
  )
  command('show', 'The catalog in Redis.').action(() =>
    told(async () => {
      const { version, text } = await storeOf().read()
      if (text === undefined)
        throw new CliError('not_found', 'Redis has no catalog: the one that is deployed holds.')
      context.err(`version ${version}\n`)
      context.out(`${JSON.stringify(JSON.parse(text), null, 2)}\n`)
    }),
  )
  return catalog
}

/** Checks a catalog as edges do, shows what it changes, asks, and puts it there. @throws CliError */
async function replace(
  { out, err, ask }: CliContext,
  { yes, json, reason }: Change,
  action: string,
  textOf: (store: CatalogAdmin, seen: number) => string | undefined | Promise<string | undefined>,
): Promise<void> {
  const store = storeOf()
  const deployed = { catalog: edgeCatalog(), plans: Object.values(readEdgeVariables(PLAN_VARIABLES)) }
  const { version: seen, text: before } = await store.read()
  const text = await textOf(store, seen)
  const checked = text === undefined ? deployed : catalogOver(deployed, text)
  if ('wrong' in checked)
    throw new CliError('catalog_wrong', `No edge would take it: ${plain(checked.wrong.join('; '))}.`)
  const last = before === undefined ? deployed : catalogOver(deployed, before)
  const changes = changesOf('catalog' in last ? last.catalog : deployed.catalog, checked.catalog)
  for (const line of changes) err(`${plain(line)}\n`)
  if (changes.length === 0) err('Nothing changes.\n')
  if (!yes) {
    if (!ask) throw new CliError('usage', 'Nobody can be asked here: add --yes.')
    const answer = await ask(`Put it in the place of version ${seen}? (y/N) `)
    if (!/^y(es)?$/i.test(answer.trim())) throw new CliError('unanswered', 'Nothing was done.')
  }
  const compact = text === undefined ? undefined : JSON.stringify(JSON.parse(text))
  const version = await store.push(seen, compact, action, reason)
  if (version === undefined)
    throw new CliError('changed', 'Somebody else has changed the catalog meanwhile: look again.')
  out(
    json
      ? `${JSON.stringify({ version, changes })}\n`
      : `Version ${version}: edges take it within a minute.\n`,
  )
}

function storeOf(): CatalogAdmin {
  const read = readEdgeVariables(REDIS_VARIABLES)
  return createUpstashCatalog({
    url: read.UPSTASH_REDIS_REST_URL,
    token: read.UPSTASH_REDIS_REST_TOKEN,
    timeoutMs: TIMEOUT_MS,
  })
}

function listed(versions: readonly { version: number; at: number; bytes: number }[]): string {
  if (versions.length === 0) return 'No version.\n'
  const columns = [{ title: 'version', right: true }, { title: 'pushed' }, { title: 'bytes', right: true }]
  const rows = versions.map(({ version, at, bytes }) => [
    String(version),
    timeText(at),
    bytes === 0 ? 'as deployed' : String(bytes),
  ])
  return `${textTable(columns, rows).join('\n')}\n`
}

/** Runs a command and reports a failure of the store in one line. */
async function told(run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (error instanceof TwohopError) throw new CliError(error.code, error.message, { cause: error })
    throw error
  }
}
