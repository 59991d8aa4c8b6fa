import { expect, it } from 'vitest'
import { dashboardFrom, documentFrom } from '../../../../edge/runtime/assets.ts'

it('asks the binding for the file, and knows that one is missing', async () => {
  const asked: string[] = []
  const read = dashboardFrom({
    async fetch(url) {
      asked.push(new URL(url).pathname)
      return url.endsWith('/app.js') ? new Response('let a') : new Response('none', { status: 404 })
    },
  })
  expect(new TextDecoder().decode(await read?.('app.js'))).toBe('let a')
  expect(await read?.('app.css')).toBeUndefined()
  expect(asked).toEqual(['/app.js', '/app.css'])
})

it('the OpenAPI document is one of the files', async () => {
  const read = documentFrom({
    fetch: async (url) =>
      new URL(url).pathname === '/openapi.json' ? new Response('{}') : new Response('none', { status: 404 }),
  })
  expect(await read?.()).toBe('{}')
})

it('without static files there is no dashboard and no document', () => {
  expect(dashboardFrom(undefined)).toBeUndefined()
  expect(documentFrom(undefined)).toBeUndefined()
})
