import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { blocksIn } from '../fixtures/commands/blocks.ts'
import { createTyping } from '../fixtures/commands/typed.ts'
import { pngOf } from '../fixtures/images.ts'
import { tone, wavOf } from '../fixtures/recordings.ts'
import { newUser } from '../fixtures/stack/client.ts'

// The commands of docs/media.md, with a recording and a picture beside them.

const { typed, untyped } = createTyping(import.meta.filename)
const commands = blocksIn('sh')
  .filter(({ page, text }) => page === 'docs/media.md' && text.startsWith('curl'))
  .flatMap(({ text }) => text.split(/^(?=curl)/m))
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twohop-media-'))
  await writeFile(join(folder, 'talk.wav'), wavOf({ samples: tone(300, 2.5, 44_100), rate: 44_100 }))
  await writeFile(
    join(folder, 'picture.png'),
    pngOf(50, 40, (x, y) => (3 * x + y) % 256),
  )
})
afterAll(() => rm(folder, { recursive: true }))

const ANSWERS: readonly RegExp[] = [/^1\n00:00:/, /^\{"generated_text":/, /"object":"chat\.completion"/]

test.each(commands.map((command, n) => [command.split('\n')[0], command, ANSWERS[n]] as const))(
  'docs/media.md: %s',
  async (_name, command, answer) => {
    const { token } = await newUser('media')
    // The tests' own model that hears has another name.
    const put = command.includes('model=whisper') ? { 'model=whisper': 'model=speech' } : {}
    const { stdout } = await typed(command, put, (text) =>
      promisify(execFile)('bash', ['-ec', text], {
        cwd: folder,
        env: { ...process.env, TWOHOP_URL: inject('mediaEdge'), TWOHOP_TOKEN: token },
      }),
    )
    expect(stdout).toMatch(answer ?? /^$/)
  },
)

test('docs/media.md: types what it is listed for', () => expect(untyped()).toEqual([]))
