// Plain JavaScript, as local/bootstrap.mjs, which installs what is missing before anything is run.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath, pathToFileURL } from 'node:url'
import './bootstrap.mjs'

/**
 * Runs a TypeScript file as this process's own program, on a Node that reads it. Where this one does, and no options are given,
 * it runs here. Else a process of its own does, and this one ends as that does.
 * @param {string} file an absolute path
 * @param {string[]} words what the program gets
 * @param {string[]} options of Node, such as `--env-file=.env`
 */
export async function runTypeScript(file, words, options = []) {
  if (process.features.typescript && options.length === 0) {
    process.argv = [process.argv[0], file, ...words]
    await import(pathToFileURL(file).href)
    return
  }
  const beside = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url))
  const node = existsSync(beside) ? beside : process.execPath
  const child = spawn(node, [...options, file, ...words], { stdio: 'inherit' })
  // The terminal sends Ctrl-C to both; the program ends itself, with its own exit code.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('error', (error) => {
    process.stderr.write(`${file}: ${error.message}\n`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    // As a shell reports a process that a signal ended.
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0)
  })
}
