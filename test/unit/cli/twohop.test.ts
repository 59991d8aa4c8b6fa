import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../../fixtures/pages.ts'

const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const typed = (node: string[], ...words: string[]) =>
  spawnSync(process.execPath, [...node, join(ROOT, bin.twohop), ...words], { encoding: 'utf8' })

/** Has Node name every file that it loads, one a line of stderr. */
const NAMING = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module'
  registerHooks({ load: (url, context, next) => (process.stderr.write(url + '\\n'), next(url, context)) })`)}`

/** The packages that a command line loads, and how many files in all. */
function loaded(...words: string[]) {
  const { status, stdout, stderr } = typed(['--import', NAMING], ...words)
  const files = stderr.trim().split('\n')
  const packages = files.flatMap((file) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? [])
  return { status, stdout, files: files.length, packages: [...new Set(packages)] }
}

describe('`npx twohop`', () => {
  // An old Node cannot read TypeScript either.
  it.each([[[]], [['--no-strip-types']]])('runs on a Node started with %j', (node) => {
    const shown = typed(node, 'price', '--input', '0.15', '--output', '0.60')
    expect({ code: shown.status, err: shown.stderr }).toEqual({ code: 0, err: '' })
    expect(shown.stdout).toContain('"prices": {"prompt":15,"output":60,"compute_second":0}')
    expect(typed(node, 'nonsense')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: "twohop: unknown command 'nonsense'\n",
    })
  })

  it('loads for its help no command, and none loads a model library for its own', () => {
    const help = loaded('--help')
    expect(help).toMatchObject({ status: 0, packages: ['commander'] })
    expect(help.files).toBeLessThan(26)
    const doctor = loaded('doctor', '--help')
    expect(doctor.stdout).toContain('Usage: twohop doctor')
    expect(doctor.packages).toContain('zod')
    for (const each of ['@huggingface/transformers', 'onnxruntime-node', 'sharp'])
      expect(doctor.packages).not.toContain(each)
  })

  it('ends in peace where nobody reads on', () => {
    const [node, command] = [process.execPath, join(ROOT, bin.twohop)].map((word) => `'${word}'`)
    const piped = spawnSync('sh', ['-c', `${node} ${command} --help | true`], { encoding: 'utf8' })
    expect(piped).toMatchObject({ status: 0, stderr: '' })
  })
})
