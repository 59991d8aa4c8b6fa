import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { ROOT, repositoryFiles } from '../../fixtures/imports.ts'

/** A class of errors of its own, with its body. One of `TwohopError` has that one's name. */
const ERROR_CLASS = /class (\w+) extends (?!TwohopError)\w*Error \{(?:\}|([\s\S]*?)\n\})/g

it('errors of the edge say their name themselves: the worker has short ones for its classes', () => {
  const classes = repositoryFiles()
    .filter((file) => /^(edge|shared)\/.*\.ts$/.test(file))
    .flatMap((file) => [...readFileSync(path.join(ROOT, file), 'utf8').matchAll(ERROR_CLASS)])
  expect(classes.length).toBeGreaterThan(6)
  const unnamed = classes.filter(([, name, body = '']) => !body.includes(`name = '${name}'`))
  expect(unnamed.map(([, name]) => name)).toEqual([])
})

it.each(['class A extends Error {}', 'class A extends RangeError {\n  more = 1\n}\nclass B {}'])(
  'one that does not is found: %s',
  (text) => {
    expect([...text.matchAll(ERROR_CLASS)].map(([, name]) => name)).toEqual(['A'])
  },
)
