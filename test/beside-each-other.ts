/** A file, whose turn it needs to run, and how long it takes, in any unit. */
type Waiting<File> = { file: File; project: string; length: number }

/**
 * The order in which workers take files, so that two of one project, which take turns, are not taken side by side where there are
 * others. Of the projects that nobody is at, the one with most left is next: alone at the end it would have all others wait.
 * @param waiting each project's files in the order in which they shall run
 * @param workers how many take files from this order
 */
export function besideEachOther<File>(waiting: readonly Waiting<File>[], workers: number): File[] {
  const left = Object.entries(Object.groupBy(waiting, ({ project }) => project)).map(
    ([project, files = []]) => ({
      project,
      files: [...files],
    }),
  )
  const lengthOf = ({ files }: (typeof left)[number]) => files.reduce((sum, { length }) => sum + length, 0)
  /** What each worker is at, and when it will be free. */
  const busy = Array.from({ length: workers }, () => ({ project: '', until: 0 }))
  const order: File[] = []
  for (;;) {
    const [worker, ...others] = busy.toSorted((a, b) => a.until - b.until)
    const open = left.filter(({ files }) => files.length > 0).toSorted((a, b) => lengthOf(b) - lengthOf(a))
    const isFree = ({ project }: (typeof left)[number]) => !others.some((other) => other.project === project)
    const next = open.find(isFree) ?? open[0]
    const taken = next?.files.shift()
    if (!worker || !next || !taken) return order
    order.push(taken.file)
    // Where its project is under way, it waits for that first.
    const turn = others.find(({ project }) => project === next.project)?.until ?? 0
    Object.assign(worker, { project: next.project, until: Math.max(worker.until, turn) + taken.length })
  }
}
