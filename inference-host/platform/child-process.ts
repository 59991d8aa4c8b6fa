import './no-telemetry.ts'
import { fork } from 'node:child_process'

/** What a child process answered, or why it gave no answer. */
export type Asked<Answer> = { answer: Answer } | { failure: string }

/**
 * Starts `file` as a process of its own, sends it `request`, and resolves with its one answer. It is for work that
 * computes for seconds, or that can spoil or end its process. The child is killed after `timeoutMs`, and when `signal`
 * is aborted. Never rejects.
 */
export function askChild<Answer>(
  file: URL,
  request: object,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Asked<Answer>> {
  return new Promise((resolve) => {
    const child = fork(file, {
      stdio: 'ignore',
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      ...(signal && { signal }),
    })
    // What the child sends is its own `reply`'s answer: both sides name the type.
    child.once('message', (answer) => resolve({ answer: answer as Answer }))
    child.once('error', (error) => resolve({ failure: error.message }))
    child.once('exit', (code, killedBy) =>
      resolve({
        failure: child.killed ? `no answer in ${timeoutMs} ms` : `ended with ${ending(killedBy, code)}`,
      }),
    )
    child.send(request)
  })
}

/** How a process ended by itself. Nobody here has sent SIGKILL then: Linux does, to whatever takes the last memory. */
function ending(killedBy: NodeJS.Signals | null, code: number | null): string {
  return killedBy === 'SIGKILL' ? 'SIGKILL, as where memory ran out' : `${killedBy ?? code}`
}

/** The child's side: answers the one request that comes, and ends. `reply` must not throw. */
export function answerParent<Request, Answer>(reply: (request: Request) => Promise<Answer>): void {
  process.once('message', async (request) => {
    // The parent's own request: see `askChild`.
    const answer = await reply(request as Request)
    // A GPU runtime may hang or crash in its own clean-up, so the process leaves as soon as the answer is out.
    process.send?.(answer, () => process.exit(0))
  })
  process.once('disconnect', () => process.exit(1))
}
