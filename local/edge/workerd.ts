import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, extname, join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { watched } from '../watched.ts'
import type { Bundle } from './bundle.ts'

/** workerd's package exports the path of its binary, as CommonJS. */
const { default: workerd }: { default: string } = createRequire(import.meta.url)('workerd')

type Options = {
  /** The configuration is written beside the module. */
  bundle: Bundle
  /** 0 for a free one. */
  port: number
  /** The edge's variables. They are passed in workerd's environment, so that no secret is written to disk. */
  variables: Record<string, string>
  /** Where the binding HOST_SERVICE leads, such as `127.0.0.1:8788`: a private path to the host. Default: no binding. */
  hostService?: string | undefined
  /** Whether to listen for debuggers and profilers, on loopback. */
  inspected?: boolean
  /** URL that gets what the platform traces of a request, once it is over: a POST of its events. Default: it traces nothing. */
  tracesTo?: string | undefined
}

export type Workerd = {
  url: string
  /** POST here runs the scheduled handler, as Cloudflare's cron does. */
  cronUrl: string
  /** The inspector's port; undefined where nothing is inspected. */
  inspectorPort: number | undefined
  pid: number
  ended: Promise<void>
  stop(): Promise<void>
}

/**
 * Serves the built worker in workerd on loopback, with a second socket for its cron.
 * @throws Error with workerd's own message when it does not start
 */
export async function startWorkerd({
  bundle,
  port,
  variables,
  hostService,
  inspected = false,
  tracesTo,
}: Options): Promise<Workerd> {
  const config = join(dirname(bundle.module), `workerd-${process.pid}-${port}.capnp`)
  const assets = bundle.assets ? (await readdir(bundle.assets)).filter((name) => extname(name) !== '') : []
  await writeFile(config, capnp({ bundle, port, hostService, tracesTo, assets }, Object.keys(variables)))
  const inspector = inspected ? ['--inspector-addr=127.0.0.1:0'] : []
  const command = [workerd, 'serve', '--experimental', '--control-fd=4', ...inspector, config]
  const child = spawn('/bin/sh', ['-c', watched('KILL'), 'sh', config, ...command], {
    env: { PATH: process.env.PATH, ...variables },
    stdio: ['pipe', 'pipe', 'pipe', 'ignore', 'pipe'],
  })
  const ended = once(child, 'exit').then(() => {})
  const [stdin, stdout, stderr, , control] = child.stdio as unknown as [
    Writable,
    Readable,
    Readable,
    null,
    Readable,
  ]
  let last = ''
  createInterface({ input: stderr }).on('line', (line) => {
    last = line
    process.stderr.write(`${line}\n`)
  })
  const output = createInterface({ input: stdout })
  const pid = once(output, 'line').then(([line]) => Number(line))
  pid.then(() => output.on('line', (line) => process.stdout.write(`${line}\n`)))
  const ports = await Promise.race([listening(control, inspected), ended.then(() => undefined)])
  if (!ports) throw new Error(last || 'workerd ended before it was ready')
  return {
    url: `http://127.0.0.1:${ports.http}`,
    cronUrl: `http://127.0.0.1:${ports.cron}/`,
    inspectorPort: ports.inspector,
    pid: await pid,
    ended,
    async stop() {
      stdin.end()
      await ended
    },
  }
}

/** Reads the ports from workerd's control channel, one JSON event a line. */
async function listening(control: Readable, inspected: boolean): Promise<Record<string, number> | undefined> {
  const ports: Record<string, number> = {}
  for await (const line of createInterface({ input: control })) {
    const { event, socket, port } = JSON.parse(line)
    if (event === 'listen') ports[socket] = port
    if (event === 'listen-inspector') ports.inspector = port
    if (ports.http && ports.cron && (ports.inspector || !inspected)) return ports
  }
}

function capnp(
  {
    bundle: { module, date, flags, assets: folder = '' },
    port,
    hostService,
    tracesTo,
    assets,
  }: Pick<Options, 'bundle' | 'port' | 'hostService' | 'tracesTo'> & { assets: string[] },
  names: string[],
): string {
  const bindings = [
    ...names.map((name) => `(name = "${name}", fromEnvironment = "${name}")`),
    ...(hostService ? ['(name = "HOST_SERVICE", service = "host")'] : []),
    ...(assets.length > 0 ? ['(name = "ASSETS", service = "assets")'] : []),
  ].join(', ')
  const host = hostService && `(name = "host", external = (address = "${hostService}", http = ())),`
  const files = assets.map((name) => {
    const path = relative(dirname(module), join(folder, name))
    return `(name = "file:${name}", data = embed "${path}")`
  })
  const assetsWorker =
    files.length > 0 &&
    `(name = "assets", worker = (
      modules = [(name = "assets", esModule = ${JSON.stringify(assetsModule(assets))}), ${files.join(', ')}],
      compatibilityDate = "${date}")),`
  const tail =
    tracesTo &&
    `(name = "tail", worker = (
      modules = [(name = "tail", esModule = ${JSON.stringify(TAIL)})],
      bindings = [(name = "TO", text = ${JSON.stringify(tracesTo)})],
      compatibilityDate = "${date}")),`
  const allFlags = tail ? [...flags, 'streaming_tail_worker'] : flags
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "edge", worker = (
      modules = [(name = "worker", esModule = embed "${basename(module)}")],
      compatibilityDate = "${date}",
      compatibilityFlags = [${allFlags.map((flag) => `"${flag}"`).join(', ')}],
      ${tail ? 'streamingTails = ["tail"],' : ''}
      bindings = [${bindings}])),
    ${host ?? ''}
    ${assetsWorker || ''}
    ${tail ?? ''}
    (name = "cron", worker = (
      modules = [(name = "cron", esModule = ${JSON.stringify(CRON)})],
      compatibilityDate = "${date}",
      compatibilityFlags = ["service_binding_extra_handlers"],
      bindings = [(name = "EDGE", service = "edge")])),
    (name = "internet", network = (allow = ["public", "private", "local"], tlsOptions = (trustBrowserCas = true)))
  ],
  sockets = [
    (name = "http", address = "127.0.0.1:${port}", http = (), service = "edge"),
    (name = "cron", address = "127.0.0.1:0", http = (), service = "cron")
  ]
);
`
}

/** A worker that answers with the file that a path names, as the binding to static files does. */
const assetsModule = (names: readonly string[]) =>
  [
    ...names.map((name, index) => `import file${index} from ${JSON.stringify(`file:${name}`)}`),
    `const files = { ${names.map((name, index) => `${JSON.stringify(`/${name}`)}: file${index}`).join(', ')} }`,
    `export default { fetch(request) { const file = files[new URL(request.url).pathname]; return file ? new Response(file) : new Response(null, { status: 404 }) } }`,
  ].join('\n')

/** A worker that turns a request into the cron event. Its binding to the scheduled handler needs `--experimental`. */
const CRON =
  'export default { async fetch(request, env) { const { outcome } = await env.EDGE.scheduled({ cron: "* * * * *", scheduledTime: new Date() }); return Response.json({ outcome }) } }'

/**
 * A worker that hears of each request's spans as the platform traces them, and sends them on when the request is over. Whole
 * numbers come as BigInt.
 */
const TAIL =
  "export default { tailStream(onset, env) { const events = []; return async ({ event, spanContext }) => { events.push({ ...event, ...spanContext, opened: event.spanId }); if (event.type === 'outcome') await fetch(env.TO, { method: 'POST', body: JSON.stringify(events, (_, value) => typeof value === 'bigint' ? Number(value) : value) }) } } }"
