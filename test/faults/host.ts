import { dirname, join } from 'node:path'
import type { JWK } from 'jose'
import { freePort } from '../../bench/kit.ts'
import { type HostModel, localCatalog } from '../../local/catalog.ts'
import { serviceKeys } from '../../local/service-keys.ts'
import type { Catalog } from '../../shared/catalog.ts'
import { startHostProcess } from '../fixtures/host/host-process.ts'
import { manifestOf } from '../fixtures/host/serving.ts'
import { embeddedModel } from '../fixtures/models.ts'
import { pacedBy } from '../fixtures/pace.ts'

/** What tests need to put an edge before a host. */
export type HostAddress = {
  url: string
  metricsUrl: string
  pid: number
  /** File through which its model is slowed down. */
  pace: string
  privateKey: JWK
  catalog: Catalog
}

/** What the host says of a request that ended, `run id=... output_tokens=...`. */
export type HostRun = { id: string; code: string; promptTokens: number; outputTokens: number }

/** A real host with the embedded chat model, as a process of its own. `onRun` is told of each request that ends. */
export async function startChatHost(onRun: (run: HostRun) => void) {
  const { privateKey, publicKeys } = await serviceKeys('faults')
  const folder = embeddedModel('twohop-chat').folder
  const manifest = await manifestOf([{ id: 'twohop-chat', source: folder, task: 'text-generation' }])
  const metricsPort = await freePort()
  const pace = join(dirname(manifest.file), 'pace')
  const host = startHostProcess({
    SERVICE_TOKEN_PUBLIC_KEYS: JSON.stringify(publicKeys),
    MODELS_FILE: manifest.file,
    HOST_METRICS_PORT: String(metricsPort),
    ...pacedBy(pace),
  })
  let rest = ''
  host.child.stdout?.on('data', (piece) => {
    const lines = `${rest}${piece}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('run ')) onRun(runOf(line))
  })
  const { url, models } = await host.ready
  const address: HostAddress = {
    url,
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    pid: host.child.pid ?? 0,
    pace,
    privateKey,
    catalog: localCatalog(models as HostModel[]),
  }
  return {
    address,
    async stop() {
      host.child.kill('SIGKILL')
      await host.ended
      await manifest.remove()
    },
  }
}

function runOf(line: string): HostRun {
  const word = (name: string) => new RegExp(` ${name}=(\\S+)`).exec(line)?.[1] ?? ''
  return {
    id: word('id'),
    code: word('code'),
    promptTokens: Number(word('prompt_tokens')),
    outputTokens: Number(word('output_tokens')),
  }
}
