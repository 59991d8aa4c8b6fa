// Fails the build where a page would load anything from another host.
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { foreignIn } from './foreign.ts'

const cwd = fileURLToPath(new URL('dist/', import.meta.url))
const files = globSync('**/*.{html,css,js}', { cwd })
const pages = files.filter((file) => file.endsWith('.html')).length
const foreign = files.flatMap((file) =>
  foreignIn(file, readFileSync(`${cwd}${file}`, 'utf8')).map((url) => `${file}: ${url}`),
)
if (foreign.length > 0) {
  console.error(`the site would load from other hosts:\n${foreign.join('\n')}`)
  process.exit(1)
}
console.log(`${pages} pages; nothing is loaded from another host.`)
