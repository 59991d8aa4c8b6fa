import { fileURLToPath } from 'node:url'
import { defineConfig } from '@rspress/core'
import { groups, nameOf, titleOf } from './sidebar.ts'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const linkTo = (page: string) => (page === 'README.md' ? '/' : `/${nameOf(page)}`)

export default defineConfig({
  root: at('pages'),
  outDir: at('dist'),
  // The path that the site lies under, where that is not the root.
  base: process.env.SITE_BASE ?? '/',
  title: 'Twohop',
  description: 'Put an expensive model behind a browser extension or a web app.',
  lang: 'en',
  // A link that leads nowhere, or to a heading that is not there, fails the build.
  markdown: { link: { checkDeadLinks: true, checkAnchors: true } },
  // The index lies beside the pages, and is read by the browser alone.
  search: { codeBlocks: true },
  themeConfig: {
    nav: [],
    sidebar: {
      '/': groups.map(({ text, pages }) => ({
        text,
        items: pages.map((page) => ({ text: titleOf(page), link: linkTo(page) })),
      })),
    },
  },
})
