#!/usr/bin/env node
// `npx twohop <command>` in a clone, on any Node and with nothing installed.
import { fileURLToPath } from 'node:url'
import { runTypeScript } from '../local/typescript.mjs'

await runTypeScript(fileURLToPath(new URL('./twohop.ts', import.meta.url)), process.argv.slice(2))
