// `npm run drill -- FILE`: whether a dump can be restored, tried on a Postgres and a Redis that are made for it and then gone.
import { drill } from './drill.ts'

const [file, ...rest] = process.argv.slice(2)
if (file === undefined || rest.length > 0) {
  process.stderr.write('usage: npm run drill -- FILE\n')
  process.exit(2)
}
try {
  const { printed, events, units, refused, took_ms } = await drill(file)
  const asked = refused
    ? `Who used the most this month, ${refused.units} units, gets ${refused.code} at that budget, and is ${refused.admitted ? 'let in' : 'refused'} with one unit more.\n`
    : 'Nobody used anything this month, so no budget was asked.\n'
  process.stdout.write(`${printed}${events} events, ${units} units. ${asked}${took_ms} ms.\n`)
  if (refused && (refused.code !== 'budget_exhausted' || !refused.admitted)) process.exitCode = 1
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
