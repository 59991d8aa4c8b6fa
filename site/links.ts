import { posix } from 'node:path'
import { nameOf } from './sidebar.ts'

const LINK = /(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(<?([^)\s>]+)>?\)/g
const FENCED = /(^ *```[\s\S]*?^ *``` *$)/m
const IMAGE = /\.(?:svg|png|webp)$/

type Options = {
  /** Paths of all pages of the site, from the repository's root. */
  pages: readonly string[]
  /** Where the repository's other files are shown; undefined where nobody said: then what would lead there is no link. */
  source: string | undefined
  /** Whether the repository has a path. */
  isThere: (path: string) => boolean
}

/**
 * A page's text as it stands on the site, where all pages lie in one folder: links to pages lead to them, others to the
 * repository. Links in fenced blocks are left alone.
 * @returns the text, and the images that it shows: path in the repository and name beside the pages
 * @throws Error for a link to a file that is not there
 */
export function onSite(page: string, text: string, { pages, source, isThere }: Options) {
  const images = new Map<string, string>()

  function linked(whole: string, bang: string, words: string, target: string): string {
    if (/^(?:[a-z][a-z0-9+.-]*:|#)/.test(target)) return whole
    const [path = '', anchor] = target.split('#')
    const file = posix.join(posix.dirname(page), path)
    if (!isThere(file)) throw new Error(`${page} links to ${target}, which is not there`)
    if (bang !== '' && IMAGE.test(file)) {
      const name = file.replaceAll('/', '-')
      images.set(file, name)
      return `![${words}](./${name})`
    }
    const known = [file, posix.join(file, 'README.md')].find((one) => pages.includes(one))
    const place = known ? `./${nameOf(known)}.md` : source && `${source}/${file}`
    if (place === undefined) return words
    return `[${words}](${place}${anchor === undefined ? '' : `#${anchor}`})`
  }

  const parts = text.split(FENCED).map((part, n) => {
    if (n % 2 === 1) return part
    return part.replaceAll(LINK, (whole: string, bang: string, words: string, target: string) =>
      linked(whole, bang, words, target),
    )
  })
  return { text: parts.join(''), images }
}

/** Where files are shown that are no pages: SITE_SOURCE, or what GitHub says of the run. */
export function sourceOf(environment: Record<string, string | undefined>): string | undefined {
  const { SITE_SOURCE, GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_SHA } = environment
  if (SITE_SOURCE) return SITE_SOURCE.replace(/\/$/, '')
  if (!GITHUB_SERVER_URL || !GITHUB_REPOSITORY || !GITHUB_SHA) return undefined
  return `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/blob/${GITHUB_SHA}`
}
