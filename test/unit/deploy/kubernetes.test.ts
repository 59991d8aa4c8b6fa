import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import * as z from 'zod'
import { NODE_VARIABLES } from '../../../edge/runtime/node-variables.ts'
import { EDGE_VARIABLES } from '../../../edge/runtime/variables.ts'
import { VARIABLES } from '../../../inference-host/config.ts'
import { COUNTERS, HISTOGRAMS, MODEL_GAUGES, PREFIX } from '../../../inference-host/metrics/names.ts'
import { Model } from '../../../shared/catalog.ts'
import { Upstream } from '../../../shared/upstreams.ts'
import { constant } from '../../fixtures/figures/constants.ts'
import { ROOT } from '../../fixtures/pages.ts'

type Labels = Record<string, string>
type Probe = { httpGet: { path: string; port: string } }
type Container = {
  name: string
  image: string
  ports: { name: string; containerPort: number }[]
  env: { name: string; value?: string }[]
  resources: { requests: Labels; limits: Labels }
  startupProbe: Probe
  livenessProbe: Probe
  readinessProbe: Probe
  lifecycle: { preStop: { sleep: { seconds: number } } }
  securityContext: object
}
type Pod = {
  automountServiceAccountToken: boolean
  terminationGracePeriodSeconds: number
  nodeSelector?: Labels
  tolerations?: { key: string }[]
  securityContext: { runAsUser: number; seccompProfile: { type: string } }
  containers: Container[]
}
type Peer = {
  podSelector?: { matchLabels?: Labels; matchExpressions?: { key: string; values: string[] }[] }
  namespaceSelector?: { matchLabels: Labels }
  ipBlock?: { cidr: string; except: string[] }
}
type Rule = { from?: Peer[]; to?: Peer[]; ports: { port: number }[] }
type Spec = {
  replicas?: number
  selector: { matchLabels: Labels } & Labels
  template: { metadata: { labels: Labels; annotations: Labels }; spec: Pod }
  ports: { port: number; targetPort: string }[]
  podSelector: { matchLabels?: Labels }
  policyTypes: string[]
  ingress?: Rule[]
  egress?: Rule[]
  scaleTargetRef: { name: string }
  minReplicaCount: number
  maxReplicaCount: number
  triggers: { metricType: string; metadata: { query: string; threshold: string } }[]
  advanced: {
    horizontalPodAutoscalerConfig: {
      behavior: { scaleDown: { stabilizationWindowSeconds: number; policies: object[] } }
    }
  }
  maxUnavailable: number
}
type Manifest = { kind: string; metadata: { name: string; labels?: Labels }; spec: Spec }

const FOLDER = join(ROOT, 'deploy/kubernetes')
const read = (path: string) => readFileSync(join(FOLDER, path), 'utf8')
const files = globSync('**/*.yaml', { cwd: FOLDER }).sort()
const ours = files.filter((file) => /^(base|host)\//.test(file) && !file.endsWith('kustomization.yaml'))
const manifests = ours.flatMap((file) =>
  parseAllDocuments(read(file)).map((document) => document.toJS() as Manifest),
)
function one(kind: string, name: string): Spec {
  const found = manifests.find((each) => each.kind === kind && each.metadata.name === name)
  if (!found) throw new Error(`there is no ${kind} ${name}`)
  return found.spec
}
const podOf = (name: string) => one('Deployment', name).template.spec
function containerOf(name: string): Container {
  const [container] = podOf(name).containers
  if (!container) throw new Error(`${name} has no container`)
  return container
}
const settingOf = (name: string, variable: string) =>
  containerOf(name).env.find((each) => each.name === variable)?.value
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }

it('parses, each file of it', () => {
  expect(files.length).toBeGreaterThan(12)
  const broken = files.filter((file) => parseAllDocuments(read(file)).some(({ errors }) => errors.length > 0))
  expect(broken).toEqual([])
})

describe.each([
  ['twohop-host', 'HOST_PORT', 'inference-host/server/app.ts', ['/livez', '/readyz']],
  ['twohop-edge', 'EDGE_PORT', 'edge/app.ts', ['/healthz', '/healthz']],
])('%s', (name, port, routes, [alive, ready]) => {
  const known: Record<string, { fallback: string | undefined }> = {
    ...VARIABLES,
    ...NODE_VARIABLES,
    ...EDGE_VARIABLES,
  }
  const container = containerOf(name)

  it('listens where the image does, and its Service leads there', () => {
    const http = container.ports.find((each) => each.name === 'http')
    expect(String(http?.containerPort)).toBe(known[port]?.fallback)
    expect(one('Service', name).ports.map(({ targetPort }) => targetPort)).toEqual(['http'])
    expect(one('Deployment', name).template.metadata.labels).toMatchObject(one('Service', name).selector)
    expect(one('Deployment', name).template.metadata.labels).toMatchObject(
      one('Deployment', name).selector.matchLabels,
    )
  })

  it('is asked on paths that there are', () => {
    const { startupProbe, livenessProbe, readinessProbe } = container
    const asked = [startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet)
    expect(asked.map(({ path }) => path)).toEqual([alive, alive, ready])
    expect(asked.map((each) => each.port)).toEqual(['http', 'http', 'http'])
    const text = readFileSync(join(ROOT, routes), 'utf8')
    for (const path of new Set([alive, ready])) expect(text.includes(`${path}'`), path).toBe(true)
  })

  it('is given variables that there are, and all that it must have', () => {
    const given = container.env.map((each) => each.name)
    expect(given.filter((each) => !(each in known))).toEqual([])
  })

  it('may do nothing that it need not: no root, no capability, no file, no word with the cluster', () => {
    const pod = podOf(name)
    expect(pod.automountServiceAccountToken).toBe(false)
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    const dockerfile = name === 'twohop-host' ? 'Dockerfile' : 'Dockerfile.edge'
    const [, user] = /^USER (\d+):/m.exec(readFileSync(join(ROOT, dockerfile), 'utf8')) ?? []
    expect(String(pod.securityContext.runAsUser)).toBe(user)
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    expect(container.resources.limits.memory).toBeDefined()
  })

  it('is not taken away whole', () => {
    const budget = one('PodDisruptionBudget', name)
    expect(budget.maxUnavailable).toBe(1)
    expect(budget.selector.matchLabels).toEqual(one('Deployment', name).selector.matchLabels)
  })
})

describe('the host', () => {
  const pod = podOf('twohop-host')
  const container = containerOf('twohop-host')

  it('has time for the pause, its drain and the jobs that it gives back', () => {
    const pause = container.lifecycle.preStop.sleep.seconds
    const drain = Number(settingOf('twohop-host', 'HOST_DRAIN_SECONDS'))
    const back = constant('inference-host/host.ts', 'RETURN_MS') / 1000
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(pause + drain + back + 10)
  })

  it('computes on as many threads as cores are its own', () => {
    expect(settingOf('twohop-host', 'HOST_THREADS')).toBe(container.resources.requests.cpu)
    expect(container.resources.limits).not.toHaveProperty('cpu')
  })

  it('says its metrics where Prometheus looks', () => {
    const port = container.ports.find(({ name }) => name === 'metrics')?.containerPort
    expect(settingOf('twohop-host', 'HOST_METRICS_PORT')).toBe(String(port))
    const { annotations } = one('Deployment', 'twohop-host').template.metadata
    expect(annotations['prometheus.io/port']).toBe(String(port))
  })

  it('is scaled by metrics that it has, with one more than none', () => {
    const spec = one('ScaledObject', 'twohop-host')
    expect(spec.scaleTargetRef.name).toBe('twohop-host')
    expect(one('Deployment', 'twohop-host')).not.toHaveProperty('replicas')
    expect(spec.minReplicaCount).toBeGreaterThanOrEqual(2)
    const histograms = Object.keys(HISTOGRAMS).map((name) => `${PREFIX}${name}_bucket`)
    const others = Object.keys({ ...MODEL_GAUGES, ...COUNTERS }).map((name) => `${PREFIX}${name}`)
    const asked = spec.triggers.flatMap(({ metadata: { query } }) => query.match(/twohop_\w+/g) ?? [])
    expect(asked).toEqual([`${PREFIX}request_queue_time_seconds_bucket`, `${PREFIX}num_requests_waiting`])
    expect(asked.filter((name) => ![...histograms, ...others].includes(name))).toEqual([])
  })

  it('is scaled as docs/kubernetes.md says', () => {
    const { triggers, advanced } = one('ScaledObject', 'twohop-host')
    expect(triggers.map(({ metricType, metadata }) => [metricType, metadata.threshold])).toEqual([
      ['Value', '1'],
      ['AverageValue', '8'],
    ])
    expect(triggers[0]?.metadata.query).toContain('histogram_quantile(0.9,')
    expect(advanced.horizontalPodAutoscalerConfig.behavior.scaleDown).toEqual({
      stabilizationWindowSeconds: 600,
      policies: [{ type: 'Pods', value: 1, periodSeconds: 120 }],
    })
    expect(container.lifecycle.preStop.sleep.seconds).toBe(5)
  })

  it('runs on a GPU in the pool of GPUs, with the image that has CUDA', () => {
    const { spec } = parse(read('components/gpu/pool.yaml')) as Manifest
    const [patched] = spec.template.spec.containers
    expect(patched?.name).toBe(container.name)
    expect(patched?.resources.limits['nvidia.com/gpu']).toBe('1')
    expect(spec.template.spec.tolerations?.map(({ key }) => key)).toEqual(['nvidia.com/gpu'])
    expect([pod.nodeSelector, spec.template.spec.nodeSelector]).toEqual([
      { 'twohop/pool': 'cpu' },
      { 'twohop/pool': 'gpu' },
    ])
    for (const file of ['gpu/pool', 'models-volume/mount']) {
      const patch = parse(read(`components/${file}.yaml`)) as Manifest
      const names = patch.spec.template.spec.containers.flatMap(({ env }) => env.map(({ name }) => name))
      expect(names.filter((name) => !(name in VARIABLES))).toEqual([])
    }
  })
})

describe('the edge', () => {
  const settings = Object.fromEntries(
    read('base/edge.env')
      .trim()
      .split('\n')
      .map((line) => line.split(/=(.*)/s, 2)),
  ) as Labels

  it('has time for the pause and its drain', () => {
    const container = containerOf('twohop-edge')
    const drain = Number(settingOf('twohop-edge', 'EDGE_DRAIN_SECONDS'))
    expect(podOf('twohop-edge').terminationGracePeriodSeconds).toBeGreaterThanOrEqual(
      container.lifecycle.preStop.sleep.seconds + drain + 10,
    )
  })

  it('is set with variables that there are, and no secret', () => {
    const known: Record<string, { secret?: true; fallback: string | undefined; schema: object }> = {
      ...EDGE_VARIABLES,
      ...NODE_VARIABLES,
    }
    expect(Object.keys(settings).filter((name) => !(name in known) || known[name]?.secret)).toEqual([])
    const lacking = Object.entries(known).filter(
      ([name, { fallback, secret }]) => fallback === undefined && !secret && !(name in settings),
    )
    expect(lacking.map(([name]) => name)).toEqual([])
    for (const [name, value] of Object.entries(settings)) {
      const { schema } = { ...EDGE_VARIABLES, ...NODE_VARIABLES }[name as keyof typeof EDGE_VARIABLES]
      expect([name, schema.safeParse(value).success]).toEqual([name, true])
    }
  })

  it('calls the Service of the host, in plain HTTP only because it is inside', () => {
    expect(settings.HOST_URL).toBe(`http://twohop-host:${one('Service', 'twohop-host').ports[0]?.port}`)
  })
})

describe('the network', () => {
  const policy = (name: string) => one('NetworkPolicy', name)
  const labels = (name: string) => one('Deployment', name).template.metadata.labels

  it('lets nobody speak to anybody who is not named', () => {
    expect(policy('nobody')).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] })
  })

  it('leads to every host, from the edge or the tunnel alone', () => {
    const { podSelector, ingress = [], egress, policyTypes } = policy('twohop-host')
    expect(podSelector.matchLabels).toEqual({ 'app.kubernetes.io/name': 'twohop-host' })
    expect(labels('twohop-host')).toMatchObject(podSelector.matchLabels ?? {})
    expect(policyTypes).toEqual(['Ingress', 'Egress'])
    // It reaches nobody.
    expect(egress).toBeUndefined()
    const byPort = Object.fromEntries(ingress.map(({ from, ports }) => [ports[0]?.port, from]))
    const { HOST_PORT } = VARIABLES
    expect(Object.keys(byPort)).toEqual([HOST_PORT.fallback, settingOf('twohop-host', 'HOST_METRICS_PORT')])
    const [callers] = byPort[HOST_PORT.fallback] ?? []
    expect(callers?.podSelector?.matchExpressions).toEqual([
      { key: 'app.kubernetes.io/name', operator: 'In', values: ['twohop-edge', 'twohop-tunnel'] },
    ])
    expect(labels('twohop-edge')['app.kubernetes.io/name']).toBe('twohop-edge')
    const [tunnel] = parseAllDocuments(read('components/tunnel/tunnel.yaml')).map(
      (each) => each.toJS() as Manifest,
    )
    expect(tunnel?.spec.template.metadata.labels['app.kubernetes.io/name']).toBe('twohop-tunnel')
    expect(tunnel?.spec.template.spec.containers[0]?.securityContext).toMatchObject({
      readOnlyRootFilesystem: true,
    })
  })

  it('lets the edge out to hosts, names and HTTPS, to no private address', () => {
    const { egress = [] } = policy('twohop-edge')
    const block = egress.flatMap(({ to = [] }) => to).find(({ ipBlock }) => ipBlock)?.ipBlock
    expect(block?.except).toEqual(expect.arrayContaining(['10.0.0.0/8', '169.254.0.0/16']))
    expect(egress.map(({ ports }) => ports[0]?.port)).toEqual([8788, 53, 443])
  })

  it('lets both hops out to the collector that the component of traces names, and nowhere else', () => {
    const { spec } = parse(read('components/traces/policy.yaml')) as Manifest
    expect(spec.policyTypes).toEqual(['Egress'])
    const { egress = [] } = spec
    const collector = egress[0]?.to?.[0]?.namespaceSelector?.matchLabels['kubernetes.io/metadata.name']
    for (const [hop, variables] of Object.entries({ edge: NODE_VARIABLES, host: VARIABLES })) {
      const patch = parse(read(`components/traces/${hop}.yaml`)) as Manifest
      expect(patch.metadata.name).toBe(`twohop-${hop}`)
      const [container] = patch.spec.template.spec.containers
      expect(container?.name).toBe(containerOf(`twohop-${hop}`).name)
      const [set] = container?.env ?? []
      expect(set?.name).toBe('OTEL_EXPORTER_OTLP_ENDPOINT')
      const address = variables.OTEL_EXPORTER_OTLP_ENDPOINT.schema.parse(set?.value)
      expect(new URL(String(address)).hostname.split('.')[1]).toBe(collector)
      expect(egress.map(({ ports }) => ports[0]?.port)).toEqual([Number(new URL(String(address)).port), 53])
    }
  })
})

it('takes the images that the workflow pushes, of this version', () => {
  const workflow = parse(readFileSync(join(ROOT, '.github/workflows/images.yml'), 'utf8')) as {
    jobs: { publish: { strategy: { matrix: { include: { name: string; suffix: string }[] } } } }
  }
  const pushed = workflow.jobs.publish.strategy.matrix.include.map(
    ({ name, suffix }) => `${name}:${version}${suffix}`,
  )
  const taken = files
    .filter((file) => file.endsWith('kustomization.yaml'))
    .flatMap(
      (file) =>
        (parse(read(file)) as { images?: { newName?: string; name: string; newTag: string }[] }).images ?? [],
    )
    .map(({ newName, name, newTag }) => `${(newName ?? name).split('/').at(-1)}:${newTag}`)
  expect(taken.length).toBeGreaterThan(3)
  expect(taken.filter((image) => !pushed.includes(image))).toEqual([])
  const named = new Set(['twohop-host', 'twohop-edge'].map((name) => containerOf(name).image))
  expect(named).toEqual(new Set(['twohop-host', 'twohop-edge']))
})

it('has a catalog on its page whose canary is a version with a weight, at the address of its Service', () => {
  const page = readFileSync(join(ROOT, 'docs/kubernetes.md'), 'utf8')
  const [, text = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? []
  const { upstreams, models } = JSON.parse(text)
  const [canary] = z.array(Upstream).parse(upstreams)
  expect(canary?.kind === 'own' && canary.url).toBe('http://twohop-host-canary:8788')
  const versions = Model.shape.versions.unwrap().parse(models[0].versions)
  expect(versions.map(({ weight }) => weight)).toEqual([19, 1])
  expect(versions[1]?.upstreams?.map(({ id }) => id)).toEqual([canary?.id])
  // A version that nobody gets may be asked for by name.
  expect(
    Model.shape.versions.safeParse([
      { id: 'a', weight: 1 },
      { id: 'b', weight: 0 },
    ]).success,
  ).toBe(true)
})

it('gives the canary an address of its own, and no policy: that of the host holds for it too', () => {
  const canary = parse(read('overlays/canary/kustomization.yaml')) as {
    nameSuffix: string
    resources: string[]
    labels: { pairs: Labels; includeSelectors: boolean }[]
    patches: { patch: string }[]
  }
  expect(canary.resources).toEqual(['../../host'])
  expect(canary.labels[0]).toMatchObject({ pairs: { 'twohop/release': 'canary' }, includeSelectors: true })
  expect(one('Service', 'twohop-host').selector['twohop/release']).toBe('stable')
  expect(canary.patches[0]?.patch).toContain(`value: twohop-host${canary.nameSuffix} }`)
})
