import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The folder for what a stack keeps, `.local` where none is named. An empty name names none: it would be the project
 * itself, and the stack's files would come between its sources.
 * @param named what `TWOHOP_DIR` says
 */
export function stackFolder(named: string | undefined): string {
  return resolve(named || fileURLToPath(new URL('../.local', import.meta.url)))
}
