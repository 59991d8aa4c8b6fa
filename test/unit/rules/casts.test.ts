import { readFileSync } from 'node:fs'
import path from 'node:path'
import { type Node, parseSync, Visitor } from 'oxc-parser'
import { expect, it } from 'vitest'
import { ROOT, repositoryFiles } from '../../fixtures/imports.ts'

/** Casts that no type can say, each with its reason beside it. One more wants a better type, or a reason as good. */
const ALLOWED: Readonly<Record<string, number>> = {
  'inference-host/config.ts': 1,
  'inference-host/device/load.ts': 2,
  'inference-host/metrics/instruments.ts': 1,
  'inference-host/model-process/process.ts': 1,
  'inference-host/onnx/file.ts': 2,
  'inference-host/platform/child-process.ts': 2,
  'inference-host/seq2seq/choose-token.ts': 4,
}

/** Casts of the other parts, which are to get fewer. */
const MOST = { client: 1, dashboard: 1, edge: 32, shared: 10 }

/** Lines of a file's casts, `as const` left out: it adds what the compiler knows and claims nothing. */
function castsIn(file: string, text: string): number[] {
  const lines: number[] = []
  const lineOf = ({ start }: Node) => text.slice(0, start).split('\n').length
  new Visitor({
    TSAsExpression(node) {
      const { typeAnnotation } = node
      const isConst = text.slice(typeAnnotation.start, typeAnnotation.end) === 'const'
      if (!isConst) lines.push(lineOf(node))
    },
    TSTypeAssertion: (node) => void lines.push(lineOf(node)),
    TSNonNullExpression: (node) => void lines.push(lineOf(node)),
  }).visit(parseSync(file, text).program)
  return lines
}

it('the host casts where it says why, and nowhere else', () => {
  const files = repositoryFiles().filter((file) => /^inference-host\/.*\.ts$/.test(file))
  const found = files.flatMap((file) => {
    const lines = castsIn(file, readFileSync(path.join(ROOT, file), 'utf8'))
    return lines.length === 0 ? [] : [[file, lines.length] as const]
  })
  expect(Object.fromEntries(found)).toEqual(ALLOWED)
})

it('the edge, the client, the dashboard and shared/ cast no more than they did', () => {
  const found = Object.keys(MOST).map((part) => {
    const files = repositoryFiles().filter((file) => file.startsWith(`${part}/`) && /\.tsx?$/.test(file))
    return [part, files.flatMap((file) => castsIn(file, readFileSync(path.join(ROOT, file), 'utf8'))).length]
  })
  expect(Object.fromEntries(found)).toEqual(MOST)
})

it('no source tells the compiler to look away', () => {
  const files = repositoryFiles().filter((file) => /^(?!test\/).*\.[cm]?tsx?$/.test(file))
  const away = /@ts-(?:expect-error|ignore|nocheck)/
  expect(files.filter((file) => away.test(readFileSync(path.join(ROOT, file), 'utf8')))).toEqual([])
})

it('casts are found, `as const` and imports by another name are not', () => {
  const text = `import { a as b } from './x.ts'
const c = [1] as const
const d = c as unknown
const e = (d as number[])[0]!
const f = 'g as string'`
  expect(castsIn('x.ts', text)).toEqual([3, 4, 4])
})
