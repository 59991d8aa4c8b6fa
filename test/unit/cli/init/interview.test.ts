import { describe, expect, it } from 'vitest'
import type { Given } from '../../../../cli/init/answers.ts'
import { commandOf } from '../../../../cli/init/command-line.ts'
import { answersOf } from '../../../../cli/init/interview.ts'

const NOTHING: Given = { firebaseProjects: [], supabaseUrls: [], origins: [] }
const ID = 'abcdefghijklmnopabcdefghijklmnop'

/** Types these lines, one for each question, and keeps the questions. */
function typing(...lines: string[]) {
  const questions: string[] = []
  const ask = async (question: string) => {
    questions.push(question)
    return lines.shift() ?? ''
  }
  return { ask, questions }
}

describe('the answers', () => {
  it('are asked for, each only where it is needed, by number or by name', async () => {
    const { ask, questions } = typing('3', 'my-project', 'https://abc.supabase.co', 'node', '', ID, '', '')
    expect(await answersOf(NOTHING, { ask, usual: false })).toEqual({
      firebaseProjects: ['my-project'],
      supabaseUrls: ['https://abc.supabase.co'],
      runtime: 'node',
      model: 'embedded',
      modelId: undefined,
      kind: 'chat',
      context: undefined,
      origins: [`chrome-extension://${ID}`],
      redisUrl: undefined,
      hostUrl: undefined,
    })
    expect(questions).toHaveLength(8)
  })

  it('of a model on a hub have its kind and context', async () => {
    const { ask } = typing(
      'firebase',
      'my-project',
      '',
      'owner/name',
      '',
      'many',
      '4096',
      'https://app.example',
    )
    expect(await answersOf(NOTHING, { ask, usual: false })).toMatchObject({
      runtime: 'workers',
      model: 'owner/name',
      kind: 'chat',
      context: 4096,
    })
  })

  it('that do not fit are asked for again, with what is wrong', async () => {
    const given = { ...NOTHING, signIn: 'firebase', runtime: 'node', model: 'embedded' } as const
    const { ask, questions } = typing(
      'My Project',
      'my-project',
      '*',
      'https://app.example/',
      'https://app.example',
    )
    expect(await answersOf({ ...given }, { ask, usual: false })).toMatchObject({
      origins: ['https://app.example'],
    })
    expect(questions[1]).toMatch(/^--firebase-project: .*no project id/)
    expect(questions[3]).toMatch(/^--origin: .*every page/)
    expect(questions[4]).toMatch(/^--origin: .*https:\/\/app\.example/)
  })

  it('come to an end where somebody types nothing', async () => {
    const { ask, questions } = typing()
    await expect(answersOf(NOTHING, { ask, usual: false })).rejects.toMatchObject({ code: 'usage' })
    expect(questions).toHaveLength(5)
  })

  it('that are missing are named where nobody can be asked', async () => {
    await expect(answersOf(NOTHING, { usual: false })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('say --sign-in, --runtime, --model, --origin;'),
    })
    const supabase: Given = { ...NOTHING, signIn: 'supabase', model: 'owner/name' }
    await expect(answersOf(supabase, { usual: true })).rejects.toMatchObject({
      message: expect.stringContaining('say --supabase-url, --context, --origin;'),
    })
  })

  it('are what is usual where that is wanted, and sign-in follows from the projects', async () => {
    const given: Given = {
      ...NOTHING,
      supabaseUrls: ['https://abc.supabase.co'],
      origins: ['https://app.example'],
    }
    expect(await answersOf(given, { usual: true })).toMatchObject({ runtime: 'workers', model: 'embedded' })
  })

  it('of a function of Firebase have a project', async () => {
    const given: Given = {
      ...NOTHING,
      supabaseUrls: ['https://abc.supabase.co'],
      runtime: 'firebase',
      origins: ['https://app.example'],
    }
    await expect(answersOf(given, { usual: true })).rejects.toMatchObject({ code: 'usage' })
  })

  it('become a command that gives them again', async () => {
    const given: Given = {
      ...NOTHING,
      firebaseProjects: ['my-project'],
      origins: ['moz-extension://*'],
      model: './my models/a',
      kind: 'embeddings',
      context: 512,
      runtime: 'node',
      hostUrl: 'https://host.example',
    }
    expect(commandOf(await answersOf(given, { usual: true }))).toBe(
      'npx twohop init --firebase-project my-project --runtime node ' +
        "--model './my models/a' --kind embeddings --context 512 --origin 'moz-extension://*' --host-url https://host.example",
    )
  })
})
