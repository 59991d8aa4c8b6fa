import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it, vi } from 'vitest'
import { readSources, repositoryFiles } from '../../../fixtures/imports.ts'
import { REPOSITORY } from '../../../fixtures/models.ts'

const SWITCH = 'inference-host/platform/no-telemetry.ts'
const RUNTIMES = ['onnxruntime-node', '@huggingface/transformers']

const texts = new Map(
  repositoryFiles()
    .filter((file) => /^(inference-host|shared|local|cli|bench)\/.*(?<!\.d)\.ts$/.test(file))
    .map((file) => [file, readFileSync(path.join(REPOSITORY, file), 'utf8')]),
)
const sources = readSources([...texts.keys()])

/** The files that `pattern` finds in a source, each as a path from the root. */
function targets(pattern: RegExp): Set<string> {
  return new Set(
    [...texts].flatMap(([file, text]) =>
      [...text.matchAll(pattern)].map(([, name = '']) => path.posix.join(path.posix.dirname(file), name)),
    ),
  )
}

/** What runs in the process of the file that starts it. */
const threads = targets(/new Worker\(\s*new URL\('([^']+)'/g)
/** What runs in a process of its own. */
const children = targets(/new URL\('([^']+\.ts)', import\.meta\.url\)/g).difference(threads)

/** The files that run in one process once `start` is its main file. */
function within(start: string): Set<string> {
  const seen = new Set([start])
  for (const file of seen)
    for (const next of sources.find((source) => source.file === file)?.files ?? [])
      if (!children.has(next)) seen.add(next)
  return seen
}

const imported = new Set(sources.flatMap(({ files }) => files))
const starts = sources
  .map(({ file }) => file)
  .filter((file) => children.has(file) || !imported.has(file))
  .filter((file) =>
    [...within(file)].some((one) =>
      sources.some(
        ({ file: own, packages }) => own === one && packages.some((name) => RUNTIMES.includes(name)),
      ),
    ),
  )

it('every process that has the runtime switches off what it tells its maker', () => {
  expect(starts).toEqual(
    expect.arrayContaining([
      'inference-host/main.ts',
      'inference-host/device/probe.ts',
      'inference-host/decoding/serving-form/prepare-process.ts',
      'inference-host/model-process/process-child.ts',
      'bench/host/plain-encoder.ts',
    ]),
  )
  expect(starts.filter((file) => !within(file).has(SWITCH))).toEqual([])
})

it('and so do the tests', () => {
  expect(process.env.ORT_DISABLE_TELEMETRY).toBe('1')
})

it('it is set once the file is imported', async () => {
  delete process.env.ORT_DISABLE_TELEMETRY
  // Another file of this process may have imported it already.
  vi.resetModules()
  await import('../../../../inference-host/platform/no-telemetry.ts')
  expect(process.env.ORT_DISABLE_TELEMETRY).toBe('1')
})

it('wrangler tells nothing of its use either, and npm asks for no newer npm', () => {
  expect(readFileSync(path.join(REPOSITORY, 'wrangler.toml'), 'utf8')).toMatch(/^send_metrics = false$/m)
  expect(readFileSync(path.join(REPOSITORY, '.npmrc'), 'utf8')).toMatch(/^update-notifier=false$/m)
})
