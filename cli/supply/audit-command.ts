// `npm run audit`: what npm's registry knows of vulnerabilities in what is locked. It needs the network.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Exceptions, unexplained } from './audit.ts'

const exceptions = Exceptions.parse(
  JSON.parse(readFileSync(new URL('../../.github/audit.json', import.meta.url), 'utf8')),
)
const { stdout } = spawnSync('npm', ['audit', '--json'], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
try {
  const found = unexplained(JSON.parse(stdout), exceptions, new Date().toISOString().slice(0, 10))
  for (const { package: name, severity, title, url } of found)
    console.error(`${name} (${severity}): ${title} ${url}`)
  console.log(`${found.length} advisories without an explanation, ${exceptions.length} with one.`)
  process.exitCode = found.length > 0 ? 1 : 0
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}
