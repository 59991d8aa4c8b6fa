import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { readConfig } from '../../../../inference-host/config.ts'
import { hubIn, modelPathsIn, PULL_VARIABLES } from '../../../../inference-host/pull/variables.ts'
import { REPOSITORY } from '../../../fixtures/models.ts'

it.each([
  {},
  { MODELS_FILE: '', MODELS_DIR: '' },
  { MODELS_FILE: '/mnt/models.json', MODELS_DIR: '/mnt/weights' },
])('models are pulled to where the host looks for them: %j', (paths) => {
  const { MODELS_FILE: manifest, MODELS_DIR: dir } = readConfig({ SERVICE_TOKEN_PUBLIC_KEYS: '{}', ...paths })
  expect(modelPathsIn(paths)).toEqual({ manifest, dir })
})

it('the hub is the one that is named, and empty names none', () => {
  expect(hubIn({ HF_ENDPOINT: 'https://hub.example', HF_TOKEN: 'hf_x' })).toEqual({
    endpoint: 'https://hub.example',
    token: 'hf_x',
  })
  expect(hubIn({ HF_ENDPOINT: '', HF_TOKEN: '' })).toEqual({ endpoint: undefined, token: undefined })
})

it('docs/configuration.md says what each is', () => {
  const page = readFileSync(path.join(REPOSITORY, 'docs/configuration.md'), 'utf8')
  const rows = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  for (const [name, { meaning }] of Object.entries(PULL_VARIABLES))
    expect(rows.filter((row) => row.includes(`\`${name}\``)).map((row) => row.at(-2))).toEqual([meaning])
})
