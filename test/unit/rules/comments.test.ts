import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { commentOf, ROOT, repositoryFiles } from '../../fixtures/imports.ts'

/** A file's name in a comment: not an address, a package or a part of another name. */
const NAMED = /(?<![\w@/.:{*-])(?:[\w.-]+\/)*[\w.-]+\.(?:tsx?|md|mjs|json|toml|sql|py|ya?ml)\b/g

/** Files of models, and those that are written when something runs. */
const NOT_OURS = new Set([
  'config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'generation_config.json',
  'special_tokens_map.json',
  'modules.json',
  'openapi.yaml',
  'stack.json',
  'twohop.config.ts',
  'service-key.private.json',
  'service-key.public.json',
])

const files = repositoryFiles()
const known = new Set(files)
const sources = files.filter((file) => /^(?!examples\/|models\/).*\.(tsx?|mjs)$/.test(file))

/** Whether a name is that of a file: from the root, or from the folder of the file that says it. */
function isFile(name: string, from: string): boolean {
  return (
    known.has(name) ||
    known.has(path.posix.join(path.posix.dirname(from), name)) ||
    NOT_OURS.has(path.basename(name))
  )
}

it('comments name files that there are', () => {
  const strays = sources.flatMap((file) =>
    readFileSync(path.join(ROOT, file), 'utf8')
      .split('\n')
      .flatMap((line) => [...commentOf(line).matchAll(NAMED)].map(([name]) => name))
      .filter((name) => !isFile(name, file))
      .map((name) => `${file}: ${name}`),
  )
  expect(strays).toEqual([])
})
