/** Stops what a setup started. */
export type Stop = () => Promise<void>

/** A file with the setup of a project: it starts what the project's tests share, and gives the way to stop that. */
type SetupFile<Project> = { default(project: Project): Promise<Stop | undefined> }

/**
 * Setups of projects that begin at once.
 * @param files by the project's name; a project that has none needs no setup
 */
export function createSetups<Project extends { name: string }>(
  files: Readonly<Record<string, () => Promise<SetupFile<Project>>>>,
) {
  const begun = new Set<string>()
  const stops: Stop[] = []

  async function setUp(project: Project, load: () => Promise<SetupFile<Project>>) {
    const began = performance.now()
    const { default: start } = await load()
    const teardown = await start(project)
    if (teardown) stops.push(teardown)
    return { name: project.name, ms: performance.now() - began }
  }

  /** Stops all that was started, side by side. @throws the first error, once everything else is stopped */
  async function stop(): Promise<void> {
    const ended = await Promise.allSettled(stops.splice(0).map((each) => each()))
    for (const end of ended) if (end.status === 'rejected') throw end.reason
  }

  return {
    stop,
    /**
     * Does the setups of projects side by side, each once however often it is asked for.
     * @returns those that it did, and how long each took (ms)
     * @throws Error that names the projects whose setup failed, once what the others started is stopped
     */
    async begin(projects: Iterable<Project>): Promise<{ name: string; ms: number }[]> {
      const setups = [...projects].flatMap((project) => {
        const load = files[project.name]
        if (!load || begun.has(project.name)) return []
        begun.add(project.name)
        return [{ project, load }]
      })
      const ended = await Promise.allSettled(setups.map(({ project, load }) => setUp(project, load)))
      const failed = ended.flatMap((end, n) =>
        end.status === 'rejected' ? [{ name: setups[n]?.project.name, error: end.reason }] : [],
      )
      if (failed.length > 0) {
        await stop().catch((error) => failed.push({ name: 'what was stopped', error }))
        const lines = failed.map(
          ({ name, error }) => `${name}: ${error instanceof Error ? error.message : error}`,
        )
        throw new Error(`Setups failed: ${lines.join('\n')}`, { cause: failed[0]?.error })
      }
      return ended.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []))
    },
  }
}
