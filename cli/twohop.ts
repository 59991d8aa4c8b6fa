#!/usr/bin/env node
// `npx twohop <command>`: see `npx twohop --help`.
import '../inference-host/platform/no-telemetry.ts'
import { createTerminal } from './ask.ts'
import { run } from './run.ts'

const interrupt = new AbortController()
process.once('SIGINT', () => interrupt.abort())
// Whoever reads may have enough, such as `| head`: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

const terminal = process.stdin.isTTY && process.stdout.isTTY ? createTerminal(interrupt.signal) : undefined

process.exitCode = await run(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  colour: process.stdout.isTTY === true && process.stdout.hasColors(),
  ask: terminal?.ask,
  signal: interrupt.signal,
})
terminal?.close()
