import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What takes longest begins first, so that nothing long is left for the end, when the other workers have nothing to do. */
const FIRST = ['host', 'faults', 'start', 'contract', 'ledger', 'unit', 'stack']

/** Orders files by their project, and then as vitest does: by what they took before, or by their size. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const placeOf = ({ project }: TestSpecification) => FIRST.indexOf(project.name)
    return sorted.toSorted((a, b) => placeOf(a) - placeOf(b))
  }
}
