// `node local/run.mjs [options of Node] FILE [word...]`: runs a TypeScript file of this project on any Node, and with nothing
// installed. `node FILE` would do so on a Node that reads TypeScript alone.
import { resolve } from 'node:path'
import { runTypeScript } from './typescript.mjs'

const given = process.argv.slice(2)
const at = given.findIndex((word) => !word.startsWith('-'))
if (at === -1) {
  process.stderr.write('usage: node local/run.mjs [options of Node] FILE [word...]\n')
  process.exitCode = 2
} else await runTypeScript(resolve(given[at]), given.slice(at + 1), given.slice(0, at))
