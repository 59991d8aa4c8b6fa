import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { openApi } from '../../../edge/openapi/document.ts'
import { parseJson } from '../../../shared/parse-json.ts'
import { blocks, blocksIn, placeOf } from '../../fixtures/commands/blocks.ts'
import { commands, type Found, listed, listedFor } from '../../fixtures/commands/listed.ts'
import { READIES } from '../../fixtures/commands/not-run.ts'
import { RUN_BY, RUN_OTHERWISE, STEPS } from '../../fixtures/commands/run-by.ts'
import { complaintOfBash } from '../../fixtures/commands/split.ts'
import { isThere, ROOT, readPages } from '../../fixtures/pages.ts'
import { twohop } from '../../fixtures/twohop-command.ts'

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

/** What `find` gives of each command, with its place. */
const everywhere = (find: (found: Found) => Iterable<string>) =>
  commands.flatMap((found) => [...find(found)].map((what) => `${found.place}: ${what}`))

describe('each command of the pages', () => {
  it('is one that bash reads, in a block that is marked as shell', () => {
    expect(complaintOfBash(blocksIn('sh').map(({ text }) => text))).toBe('')
    const elsewhere = blocks.filter(
      ({ language, text }) => language !== 'sh' && /^(?:\$ |npm |npx |curl |docker |kubectl )/m.test(text),
    )
    expect(elsewhere.map(placeOf)).toEqual([])
  })

  it('is run by a test, or is listed with the reason why not', () => {
    // A new command gets a line in test/fixtures/commands/: in RUN_BY with what types it, else in NOT_RUN.
    expect(commands.length).toBeGreaterThan(150)
    const strays = everywhere(({ command }) => (listedFor(command) || READIES.test(command) ? [] : [command]))
    expect(strays).toEqual([])
  })

  it('is still there where it is listed', () => {
    const used = new Set(commands.map(({ command }) => listedFor(command)))
    expect(listed.filter((one) => !used.has(one)).map(([start]) => start)).toEqual([])
  })

  it('is typed by a file whose last test says what it did not type; is a step of CI; or is run with other words', () => {
    for (const file of new Set(RUN_BY.map(([, runner]) => runner))) {
      expect(read(file), file).toContain('createTyping(import.meta.filename)')
      expect(read(file), file).toContain('expect(untyped()).toEqual([])')
    }
    for (const [command, file] of STEPS) expect(stepsOf(file), file).toContain(command)
    for (const [start, file, words] of RUN_OTHERWISE) expect(read(file), `${start}: ${file}`).toContain(words)
  })

  it('says where TWOHOP_URL and TWOHOP_TOKEN come from, on each page that uses them', () => {
    const using = readPages().filter(({ fenced }) => /\$TWOHOP_(?:URL|TOKEN)/.test(fenced))
    expect(using.length).toBeGreaterThan(2)
    const unsaid = using.filter(({ prose }) => !/`TWOHOP_URL` and\s+`TWOHOP_TOKEN`/.test(prose))
    expect(unsaid.map(({ path }) => path)).toEqual([])
  })

  it('names options that the script behind it has', () => {
    const strays = everywhere(function* ({ command }) {
      for (const [, script = '', words = ''] of command.matchAll(/\bnpm (?:run )?([\w:-]+) -- ([^|&;]*)/g)) {
        const source = SOURCES[script]
        if (source === undefined) continue
        const has = new Set(
          [...read(source).matchAll(/['"](?:-\w, )?--([a-z][a-z-]*)/g)].map(([, name]) => name),
        )
        for (const [, option = ''] of words.matchAll(/--([a-z][a-z-]*)/g))
          if (!has.has(option)) yield `npm run ${script} -- --${option}`
      }
    })
    expect(strays).toEqual([])
  })

  it('gives `twohop` options that it has, and as many words as it takes', async () => {
    const uses = new Map(
      commands.flatMap(({ command, place }) =>
        [...command.matchAll(/\bnpx twohop ((?:[^|&;)"']|'[^']*'|"[^"]*")*)/g)].map(([, words = '']) => [
          words.trim(),
          place,
        ]),
      ),
    )
    expect(uses.size).toBeGreaterThan(15)
    for (const [words, place] of uses) expect(await complaint(words), `${place}: ${words}`).toBeUndefined()
  })

  it('names files that are there, or that a command before it has written', () => {
    const strays = everywhere(function* ({ command, page }) {
      for (const [, path = ''] of command.matchAll(OWN_PATH))
        if (!WRITTEN.has(path) && !isThere(path, page)) yield path
    })
    expect(strays).toEqual([])
  })

  it('leaves nothing that git would take: a secret, what people used, or what is built', () => {
    const left = [
      ...['.env.secrets', 'deploy/.env', 'service-key.private.json', 'host-headers.json', 'key.json'],
      ...[
        'firebase/functions/.env.my-project',
        'firebase/functions/.secret.local',
        'firebase/functions/edge.mjs',
      ],
      ...['twohop-2026-11-29.dump', 'twohop-client-0.1.0.tgz'],
    ]
    const { stdout } = spawnSync('git', ['check-ignore', ...left], { cwd: ROOT, encoding: 'utf8' })
    expect(left.filter((path) => !stdout.split('\n').includes(path))).toEqual([])
  })

  it('calls routes that the edge has, with a body that they take', () => {
    const calls = commands.flatMap(callsOf)
    expect(calls.length).toBeGreaterThan(10)
    const strays = calls.flatMap(({ place, method, path, body }) => {
      const route = routeFor(method, path)
      if (route === undefined) return [`${place}: no ${method} ${path}`]
      if (body === undefined) return []
      const schema = route.requestBody?.content['application/json']?.schema
      if (schema === undefined) return [`${place}: ${method} ${path} takes no JSON`]
      const wrong = refusalOf(schema, body)
      return wrong === undefined ? [] : [`${place}: ${wrong}`]
    })
    expect(strays).toEqual([])
  })
})

/** The commands that a workflow or the script of CI runs, each on a line of its own. */
const stepsOf = (file: string) =>
  read(file)
    .split('\n')
    .map((line) => line.replace(/^ *- run: |^(?:[A-Z_]+=\S+ )+/, ''))

/** Where the options of a script are declared. */
const SOURCES: Record<string, string> = {
  start: 'local/start-options.ts',
  'serve:host': 'local/serve-host.ts',
  'models:pull': 'inference-host/pull/command.ts',
  bench: 'bench/run.ts',
}

/** A path of this repository in a command. */
const OWN_PATH =
  /(?<![\w/.:-])((?:bench|cli|deploy|edge|examples|firebase|inference-host|local|models|supabase|test)\/[\w./*-]+|Dockerfile(?:\.[\w-]+)?)/g
const WRITTEN = new Set([
  ...['deploy/.env', 'firebase/functions/.env.my-project', 'models/models.json'],
  ...['firebase/functions/.env.demo-twohop', 'firebase/functions/.secret.local'],
])

/** What `twohop` would say against an option or a number of words, by its own help. */
async function complaint(line: string): Promise<string | undefined> {
  const words = line.match(/<[^>]*>|'[^']*'|"[^"]*"|\S+/g) ?? []
  const first = words.findIndex((word) => word.startsWith('-'))
  const plain = first === -1 ? words : words.slice(0, first)
  const { out } = await twohop(...plain.slice(0, 2), '--help')
  const usage = /Usage: twohop (.*)/.exec(out)?.[1] ?? ''
  const options = words.filter((word) => word.startsWith('--'))
  const unknown = options.find((option) => !new RegExp(`^ +(?:-\\w, )?${option}\\b`, 'm').test(out))
  if (unknown !== undefined) return `no ${unknown}`
  const [needed, possible] = [/<\w+>/g, /<\w+>|\[(?!options|command)\w+\]/g].map(
    (form) => usage.match(form)?.length ?? 0,
  )
  const names = usage.replace(/ ?[[<].*/, '').split(' ').length
  const given = plain.length - names
  const fits = given >= (needed ?? 0) && given <= (possible ?? 0)
  return fits ? undefined : `${given} words for: ${usage}`
}

type Operation = { requestBody?: { content: Record<string, { schema: object }> } }
const { paths, components } = openApi() as {
  paths: Record<string, Record<string, Operation>>
  components: object
}
const ajv = new Ajv2020({ strict: false, validateFormats: false })
ajv.addSchema({ $id: 'doc', components })

function routeFor(method: string, path: string): Operation | undefined {
  const known = Object.keys(paths).find((pattern) =>
    new RegExp(`^${pattern.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
  )
  return known === undefined ? undefined : paths[known]?.[method.toLowerCase()]
}

/** Why the document's schema refuses a body; undefined where it takes it. */
function refusalOf(schema: object, body: unknown): string | undefined {
  const pointed = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"doc#/'))
  const validate = ajv.compile(pointed)
  return validate(body) ? undefined : ajv.errorsText(validate.errors)
}

/** The calls of the edge in a command: `curl`, with what it sends. */
function callsOf({ command, whole, place }: Found) {
  const [, url = ''] =
    /\bcurl [^|]*?"?(?:http:\/\/127\.0\.0\.1:8787|\$TWOHOP_URL|\$EDGE)(\/[^\s"']*)/.exec(command) ?? []
  if (url === '') return []
  const path = url.replace(/\$\w+/, 'some-id')
  const sent = /-d '((?:[^']|'\$\w+')*)'/.exec(whole)?.[1] ?? heredocOf(whole)
  const sends = sent !== undefined || / -F | --data/.test(command)
  const [, said] = / -X (\w+)/.exec(command) ?? []
  const body = sent && parseJson(sent.replaceAll(/'?\$\w+'?/g, 'a').replaceAll(/\$\([^)]*\)/g, 'AAAA'))
  if (sent !== undefined && body === undefined) throw new Error(`${place}: what is sent is no JSON: ${sent}`)
  return [{ place, path, method: said ?? (sends ? 'POST' : 'GET'), body }]
}

const heredocOf = (whole: string) => /-d @- <<(\w+)\n([\s\S]*)\n\1$/.exec(whole)?.[2]
