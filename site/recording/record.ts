// `npm run recording`: runs `npm start` and the curl that it prints, and draws what a terminal shows into
// docs/pictures/start.svg. Needs the usual ports.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { type Line, recordingOf, withoutLongPauses } from './svg.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const FILE = fileURLToPath(new URL('../../docs/pictures/start.svg', import.meta.url))
const SAYS = 'A terminal: npm start brings up every part, and the curl that it prints streams an answer.'
/** The longest pause between two lines that is shown, and the time that a command is read before it runs, in ms. */
const PAUSE_MS = 900
/** Events of a stream that are shown at its beginning and its end. */
const SHOWN = { first: 4, last: 3 }

const lines: Line[] = []
const begun = performance.now()
const show = (text: string, typed?: true) => {
  lines.push({ at: performance.now() - begun, text, ...(typed && { typed }) })
}

/** Runs a command in a group of its own, and gives each line that it prints on standard output. */
function run(command: string, args: readonly string[], told: (line: string) => void) {
  const child = spawn(command, args, { cwd: ROOT, detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  createInterface({ input: child.stdout }).on('line', (line) => told(stripVTControlCharacters(line)))
  return child
}

/** What is shown of a stream: its ends, and how many events are left out between them. */
function ofStream(printed: readonly string[]): string[] {
  const events = printed.filter((line) => line !== '').map(withoutNames)
  const left = events.length - SHOWN.first - SHOWN.last
  if (left <= 1) return events
  return [...events.slice(0, SHOWN.first), `… ${left} more events …`, ...events.slice(-SHOWN.last)]
}

/** An event without its fields before `choices`, which are the same in each. */
const withoutNames = (event: string) => event.replace(/^data: \{.*?(?="choices")/, 'data: {… ')

show('$ npm start', true)
const { promise: ready, resolve } = Promise.withResolvers<void>()
const started = run('npm', ['start', '--silent'], (line) => {
  show(line)
  if (line.startsWith('The example extension')) resolve()
})
try {
  await Promise.race([ready, once(started, 'exit').then(() => Promise.reject(new Error('it ended')))])
  const text = lines.map((line) => line.text).join('\n')
  const [curl = ''] = /^curl -N .*\n .*$/m.exec(text) ?? []
  show('')
  for (const [n, line] of curl.split('\n').entries()) show(n === 0 ? `$ ${line}` : line, true)
  const printed: string[] = []
  await once(
    run('sh', ['-c', `${curl} -s`], (line) => printed.push(line)),
    'close',
  )
  for (const line of ofStream(printed)) show(line)
} finally {
  if (started.pid !== undefined && started.exitCode === null) process.kill(-started.pid, 'SIGINT')
}
await mkdir(fileURLToPath(new URL('../../docs/pictures', import.meta.url)), { recursive: true })
await writeFile(FILE, recordingOf(withoutLongPauses(lines, PAUSE_MS), SAYS))
console.log(`${FILE}: ${lines.length} lines`)
