import { describe, expect, it } from 'vitest'
import type { Answers } from '../../../../cli/init/answers.ts'
import { stepsOf } from '../../../../cli/init/todo.ts'
import { ROOT } from '../../../fixtures/pages.ts'

const answers = (more: Partial<Answers> = {}): Answers => ({
  firebaseProjects: ['my-project'],
  supabaseUrls: ['https://abc.supabase.co'],
  runtime: 'workers',
  model: 'embedded',
  modelId: undefined,
  kind: 'chat',
  context: undefined,
  origins: ['https://app.example'],
  redisUrl: 'https://abc.upstash.io',
  hostUrl: 'https://host.example',
  ...more,
})
const COMPLETE = { plain: new Map(), secret: new Map([['UPSTASH_REDIS_REST_TOKEN', 'x']]) }
const lines = (more: Partial<Answers> = {}, settings = COMPLETE) =>
  stepsOf(ROOT, answers(more), { settings, model: undefined, more: '' }).flatMap(({ run }) => run)

describe('what is left to do', () => {
  it.each([
    ['workers', 'npx wrangler deploy --env="" --secrets-file .env.secrets'],
    ['node', 'node local/run.mjs --env-file=.env.edge edge/runtime/node.ts'],
    ['supabase', 'npx supabase link --project-ref abc'],
    ['firebase', 'npx firebase-tools deploy --only functions --project my-project'],
  ] as const)('on %s has %j', (runtime, line) => {
    expect(lines({ runtime })).toContain(line)
    expect(lines({ runtime }).at(-1)).toMatch(/^npx twohop doctor /)
  })

  it('has the command again where something was not known yet, and not else', () => {
    expect(lines().filter((line) => line.startsWith('npx twohop init'))).toEqual([])
    const later = lines({ hostUrl: undefined, redisUrl: undefined }, { plain: new Map(), secret: new Map() })
    expect(later).toContain('export UPSTASH_REDIS_REST_TOKEN=<token>')
    expect(later.find((line) => line.startsWith('npx twohop init'))).toMatch(
      /--origin https:\/\/app\.example --redis-url https:\/\/<name>\.upstash\.io --host-url /,
    )
  })

  it('locks a model of one’s own, and builds the image with it', () => {
    const model = {
      entry: { id: 'a/b', source: 'a/b', task: 'text-generation' },
      catalog: { id: 'a/b', tasks: ['chat' as const], context: 1, overhead: { request: 0, item: 0 } },
      measured: false,
    }
    const steps = stepsOf(ROOT, answers(), { settings: COMPLETE, model, more: '' })
    expect(steps[0]?.run).toEqual(['npm run models:pull -- --manifest inference-host/my-models.json'])
    expect(steps[1]?.run[0]).toBe(
      'docker build --build-arg MANIFEST=inference-host/my-models.json -t twohop-host .',
    )
  })
})
