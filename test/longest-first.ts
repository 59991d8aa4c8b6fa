import { stat } from 'node:fs/promises'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { besideEachOther } from './beside-each-other.ts'

/** What takes longest begins first, so that nothing long is left for the end, when the other workers have nothing to do. */
const FIRST = ['host', 'faults', 'start', 'contract', 'ledger', 'unit', 'stack']

/** The group of the projects whose files take turns, and how many run at a time. Each asks a stack of its own. */
export const TURNS = { groupOrder: 2, maxWorkers: 2 }

/**
 * Orders files by their project, and then as vitest does: by what they took before, or by their size. The files of projects that take
 * turns (test/own-turn.ts) are mixed, so that workers rarely wait for each other.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const placeOf = ({ project }: TestSpecification) => FIRST.indexOf(project.name)
    const ordered = sorted.toSorted((a, b) => placeOf(a) - placeOf(b))
    const takesTurns = ({ project }: TestSpecification) =>
      project.config.sequence.groupOrder === TURNS.groupOrder
    return [
      ...ordered.filter((file) => !takesTurns(file)),
      ...besideEachOther(await this.timed(ordered.filter(takesTurns)), TURNS.maxWorkers),
    ]
  }

  /** With what each took before (ms), or its size in bytes where that is not known of all. */
  private async timed(files: readonly TestSpecification[]) {
    const took = files.map((file) => this.ctx.cache.getTestSpecificationResult(file)?.duration)
    const known = took.every((ms) => ms !== undefined)
    return Promise.all(
      files.map(async (file, n) => ({
        file,
        project: file.project.name,
        length: (known ? took[n] : undefined) ?? (await stat(file.moduleId)).size,
      })),
    )
  }
}
