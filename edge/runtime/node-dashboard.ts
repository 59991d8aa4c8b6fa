import { readFile } from 'node:fs/promises'
import type { DashboardFile } from '../routes/dashboard.ts'

/** Beside the built edge, or where `npm run build:dashboard` writes it. */
const PLACES = ['./dashboard/', '../../dist/dashboard/']

/** Reads the built dashboard from the disk. @throws Error where a file is there and cannot be read */
export const readDashboardFile: DashboardFile = async (name) => {
  for (const place of PLACES) {
    const found = await readFile(new URL(`${place}${name}`, import.meta.url)).catch(unlessMissing)
    if (found) return new Uint8Array(found)
  }
  return undefined
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
