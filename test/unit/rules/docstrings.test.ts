import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseSync } from 'oxc-parser'
import { expect, it } from 'vitest'
import { ROOT, repositoryFiles } from '../../fixtures/imports.ts'

/** Exported functions of a file that nothing is said of: neither before them, nor before the type of the file that they give. */
function silentIn(file: string, text: string): string[] {
  const { program, comments } = parseSync(file, text)
  const isTold = ({ start }: { start: number }) =>
    comments.some(
      ({ type, value, end }) =>
        type === 'Block' && value.startsWith('*') && text.slice(end, start).trim() === '',
    )
  const exported = program.body.flatMap((each) =>
    each.type === 'ExportNamedDeclaration' && each.declaration
      ? [{ told: isTold(each), declared: each.declaration }]
      : [],
  )
  const toldTypes = exported.flatMap(({ told, declared }) =>
    told && declared.type === 'TSTypeAliasDeclaration' ? [declared.id.name] : [],
  )
  return exported.flatMap(({ told, declared }) => {
    if (told || declared.type !== 'FunctionDeclaration') return []
    const gives = declared.returnType?.typeAnnotation
    const given = gives ? text.slice(gives.start, gives.end).replace(/<.*/, '') : ''
    return toldTypes.includes(given) ? [] : [declared.id?.name ?? 'default']
  })
}

it('a function that other files may call says what it does, or is told of by the type that it gives', () => {
  const files = repositoryFiles().filter((file) => /^(client|edge|inference-host|shared)\/.*\.ts$/.test(file))
  const silent = files.flatMap((file) =>
    silentIn(file, readFileSync(path.join(ROOT, file), 'utf8')).map((name) => `${file}: ${name}`),
  )
  expect(silent).toEqual([])
})

it('one that says nothing is found', () => {
  const text = `/** A bell. */
export type Bell = 1
export function createBell(): Bell {}
/** Rings. */
export function ring() {}
// No docstring.
export function a(): void {}
export async function b() {}
function c() {}`
  expect(silentIn('x.ts', text)).toEqual(['a', 'b'])
})
