import { expect, it } from 'vitest'
import { createRequireApp } from '../../../../edge/app-check/gate.ts'

const CHAT = 'POST /v1/chat/completions'
const EMBED = 'POST /v1/embeddings'

it('asks each route as it is told to, and others not at all', async () => {
  const asked: string[] = []
  const requireApp = createRequireApp({
    appCheck: {
      verify: async (token) => void asked.push(`verify ${token}`),
      consume: async (token) => void asked.push(`consume ${token}`),
    },
    checked: new Set([CHAT, EMBED]),
    consumed: new Set([EMBED]),
  })
  const sent = new Headers({ 'X-Firebase-AppCheck': 'a.b.c' })
  for (const route of [CHAT, EMBED, 'GET /v1/models']) await requireApp(route, sent)
  await requireApp('GET /v1/models', new Headers())
  expect(asked).toEqual(['verify a.b.c', 'consume a.b.c'])
  for (const none of [new Headers(), new Headers({ 'x-firebase-appcheck': '' })])
    await expect(requireApp(CHAT, none)).rejects.toMatchObject({
      code: 'app_check_required',
      param: 'x-firebase-appcheck',
    })
  expect(asked).toHaveLength(2)
})
