#!/usr/bin/env node
// `npx twohop <command>` in a clone, on any Node and with nothing installed: plain JavaScript, as local/bootstrap.mjs,
// which installs what is missing. Then the command itself runs, on a Node that reads TypeScript.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import '../local/bootstrap.mjs'

const command = new URL('./twohop.ts', import.meta.url)
if (process.features.typescript) await import(command.href)
else {
  const beside = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url))
  const child = spawn(
    existsSync(beside) ? beside : process.execPath,
    [fileURLToPath(command), ...process.argv.slice(2)],
    { stdio: 'inherit' },
  )
  // The terminal sends Ctrl-C to both; the command ends itself, with its own exit code.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('error', (error) => {
    process.stderr.write(`twohop: ${error.message}\n`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    // As a shell reports a process that a signal ended.
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0)
  })
}
