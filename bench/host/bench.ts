import { writeFile } from 'node:fs/promises'
import type { HostBenchOptions } from '../options.ts'
import { drawScaling } from './chart.ts'
import { createHosts, type Hosts } from './hosts.ts'
import { machine } from './machine.ts'
import type { Measurement, Result } from './measurement.ts'
import { MEASUREMENTS } from './measurements.ts'
import { createModels, type Models } from './models.ts'
import { report } from './report.ts'
import type { Curve } from './scaling.ts'

/**
 * Measures the host beside transformers.js, all in one run on the same model files: every measurement in turn,
 * interleaved where two things are compared. A measurement that fails or takes too long is reported as failed, and the
 * next one begins.
 * @throws Error where the model is missing or a host does not start
 */
export async function hostBench(options: HostBenchOptions): Promise<unknown> {
  const { json, only, model, embeddingModel, rounds, quick, svg, progress, signal } = options
  const chosen = MEASUREMENTS.filter(({ name }) => only.length === 0 || only.includes(name))
  const models = await createModels({ chat: model, embedding: embeddingModel }, progress)
  const hosts = await createHosts(models, progress, signal)
  try {
    const results: Result[] = []
    for (const measurement of chosen) {
      signal.throwIfAborted()
      results.push(await runOne(measurement, { ...hosts, models }, options))
    }
    if (results.some((each) => 'failed' in each)) process.exitCode = 1
    const curves = results.find(({ name }) => name === 'scaling')
    if (svg !== undefined && curves !== undefined && 'raw' in curves)
      await writeFile(svg, drawScaling(curves.raw as Curve[]))
    const result = {
      machine: machine(),
      models: await models.used(),
      rounds: quick ? 1 : rounds,
      quick,
      results,
    }
    if (!json) process.stdout.write(`\n${report(result)}\n`)
    return result
  } finally {
    await hosts.stop()
  }
}

async function runOne(
  { name, limitSeconds, run }: Measurement,
  { get, files, models }: Hosts & { models: Models },
  { rounds, quick, progress, signal: interrupted }: HostBenchOptions,
): Promise<Result> {
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(limitSeconds * 1000)])
  const began = performance.now()
  const seconds = () => Math.round((performance.now() - began) / 1000)
  try {
    const measured = await run({ host: get, files, models, rounds, quick, progress, signal })
    // Findings are printed as they come, so that an interrupted run is not lost.
    for (const { what, seen, unit, note } of measured.findings)
      progress(`  ${what}: ${seen.toFixed(2)} ${unit}${note ? ` (${note})` : ''}`)
    return { name, seconds: seconds(), ...measured }
  } catch (error) {
    interrupted.throwIfAborted()
    const message = error instanceof Error ? error.message : String(error)
    const failed = signal.aborted ? `not done in ${limitSeconds} s` : message
    progress(`${name}: ${failed}`)
    return { name, seconds: seconds(), failed }
  }
}
