import type { Run } from '../scheduler/run.ts'
import type { Output } from '../work/engine.ts'

/** The output of a run that generates no text. @throws the run's TwohopError where it did not finish. */
export async function outputOf<Kind extends Output['kind']>(
  run: Run,
  kind: Kind,
): Promise<Extract<Output, { kind: Kind }>> {
  for await (const event of run.events())
    if (event.type === 'finished' && isOf(event.output, kind)) return event.output
  throw new Error(`a run ended without ${kind}`)
}

function isOf<Kind extends Output['kind']>(
  output: Output,
  kind: Kind,
): output is Extract<Output, { kind: Kind }> {
  return output.kind === kind
}
