import { readFileSync } from 'node:fs'

/** A part of the sidebar: its heading, and paths of pages from the repository's root. */
export type Group = { text: string; pages: string[] }

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

/** The order in which pages are shown. */
export const groups: readonly Group[] = JSON.parse(read('sidebar.json'))

/**
 * A page's name on the site: `docs/money.md` is `money`, `supabase/README.md` is `supabase`, `SECURITY.md` is
 * `project-security`, and the first one is the home page.
 */
export function nameOf(page: string): string {
  if (page === 'README.md') return 'index'
  const parts = page.replace(/\.md$/, '').split('/')
  const last = parts.at(-1) ?? ''
  if (parts.length === 1) return `project-${last.toLowerCase()}`
  return (last === 'README' ? (parts.at(-2) ?? last) : last).toLowerCase()
}

/** A page's first heading. */
export const titleOf = (page: string): string => /^# (.+)$/m.exec(read(`../${page}`))?.[1] ?? page
