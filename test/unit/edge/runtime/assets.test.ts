import { expect, it } from 'vitest'
import { dashboardFrom } from '../../../../edge/runtime/assets.ts'

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

it('without static files there is no dashboard', () => {
  expect(dashboardFrom(undefined)).toBeUndefined()
})
