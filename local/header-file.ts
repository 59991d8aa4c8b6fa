import { rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { StackFile } from './stack-file.ts'

/** Where the headers are that `curl -H @file` reads (curl 7.55 or newer), beside the stack's own file. */
export function headerFilePlace(stackFile: string): string {
  const [, port = ''] = /stack(-\d+)?\.json$/.exec(stackFile) ?? []
  return join(dirname(stackFile), `curl${port}.txt`)
}

/**
 * Writes the headers of a demo user on the plan `free`, whose token can also read that user's rows of the ledger. Only the
 * file's owner can read it.
 */
export async function writeHeaderFile(path: string, { tokens, postgres }: StackFile): Promise<void> {
  const lines = [
    `authorization: Bearer ${tokens.supabase.free}`,
    'content-type: application/json',
    ...(postgres ? [`apikey: ${postgres.publishableKey}`] : []),
  ]
  await rm(path, { force: true })
  await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o600 })
}
