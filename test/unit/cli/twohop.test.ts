import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../../fixtures/pages.ts'

const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const typed = (node: string[], ...words: string[]) =>
  spawnSync(process.execPath, [...node, join(ROOT, bin.twohop), ...words], { encoding: 'utf8' })

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
})
