import { DataTable } from '../parts/data-table.tsx'
import { counted, took } from '../parts/numbers.ts'
import { TextBlock } from '../parts/text-block.tsx'
import type { Answer } from './read-stream.ts'

export type Outcome = {
  answer: Answer
  status?: number
  headers?: readonly (readonly [string, string])[]
  /** Milliseconds from the request to the last piece. */
  tookMs?: number
  /** What it cost, once that is known. */
  units?: number | undefined
}

/** The answer as it comes, what it cost, and its headers. */
export function AnswerView({ answer, status, headers, tookMs, units, busy }: Outcome & { busy: boolean }) {
  return (
    <>
      <h2>Answer</h2>
      <TextBlock label="Answer" text={answer.text} id="answer" busy={busy} />
      {answer.calls.length > 0 && (
        <TextBlock
          label="Calls of tools"
          text={answer.calls.map((call) => `${call.name}(${call.arguments})`).join('\n')}
        />
      )}
      <p id="told" role="status">
        {status !== undefined && <>HTTP {status}. </>}
        {!busy && answer.finish !== '' && <>Ended by {answer.finish}. </>}
        {!busy && answer.usage && (
          <>
            {counted(answer.usage.prompt_tokens)} tokens in, {counted(answer.usage.completion_tokens)} out.{' '}
          </>
        )}
        {!busy && tookMs !== undefined && <>Took {took(tookMs)}. </>}
        {units !== undefined && (
          <>
            Cost <strong id="units">{counted(units)}</strong> units.
          </>
        )}
      </p>
      {headers && (
        <details>
          <summary>Headers</summary>
          <DataTable
            caption="Headers of the answer"
            rows={headers}
            keyOf={([name]) => name}
            columns={[
              { head: 'Name', cell: ([name]) => name },
              { head: 'Value', cell: ([, value]) => <code>{value}</code> },
            ]}
          />
        </details>
      )}
    </>
  )
}
