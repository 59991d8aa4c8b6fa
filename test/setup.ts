import type { TestProject } from 'vitest/node'
import { createSetups, type Stop } from './setups.ts'
import { startTurns } from './turns.ts'

/**
 * The setup of the whole run: those of all projects that have files in it, side by side. Vitest would await one after the other if
 * each project named its own, and most of what they do is to wait for processes. Each is loaded where its project runs, and only there.
 * @throws Error that names the projects whose setup failed, once what the others started is stopped
 */
export default async function setUpRun(root: TestProject): Promise<Stop> {
  const { vitest } = root
  const setups = createSetups<TestProject>({
    attack: () => import('./attack/setup.ts'),
    clients: () => import('./clients/setup.ts'),
    conformance: () => import('./conformance/setup.ts'),
    dashboard: () => import('./dashboard/setup.ts'),
    extension: () => import('./extension/setup.ts'),
    faults: () => import('./faults/setup.ts'),
    fuzz: () => import('./fuzz/setup.ts'),
    stack: () => import('./stack/running-stack.ts'),
    upstreams: () => import('./clients/upstreams/setup.ts'),
  })
  const runs = (project: TestProject) => vitest.state.getPaths().some((path) => project.matchesTestGlob(path))
  const begin = async (projects: TestProject[]) => {
    const took = (await setups.begin(projects)).toSorted((a, b) => b.ms - a.ms)
    const inWords = took.map(({ name, ms }) => `${name} ${(ms / 1000).toFixed(1)} s`)
    if (took.length > 1) process.stderr.write(`Setups, side by side: ${inWords.join(', ')}\n`)
  }
  // While it watches, a later run may have files of other projects.
  vitest.onTestsRerun((specifications) => begin(specifications.map(({ project }) => project)))
  await begin(vitest.projects.filter(runs))
  const turns = await startTurns()
  root.provide('turns', turns.url)
  return async () => {
    await setups.stop()
    await turns.stop()
  }
}
