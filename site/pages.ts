// Writes the repository's pages into `pages/`, as the generator takes them.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onSite, sourceOf } from './links.ts'
import { groups, nameOf } from './sidebar.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const PAGES = fileURLToPath(new URL('pages/', import.meta.url))

const { SITE_SOURCE, GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_SHA } = process.env

const pages = groups.flatMap((group) => group.pages)
const options = {
  pages,
  source: sourceOf({ SITE_SOURCE, GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_SHA }),
  isThere: (path: string) => existsSync(join(ROOT, path)),
}

rmSync(PAGES, { recursive: true, force: true })
mkdirSync(PAGES)
for (const page of pages) {
  const { text, images } = onSite(page, readFileSync(join(ROOT, page), 'utf8'), options)
  writeFileSync(join(PAGES, `${nameOf(page)}.md`), text)
  for (const [file, name] of images) cpSync(join(ROOT, file), join(PAGES, name))
}
