import { expect, it } from 'vitest'
import { isPublicSuffix } from '../../../../edge/access/public-suffix.ts'

it.each([
  ...['co.uk', 'com.au', 'co.jp', 'ne.jp', 'or.jp', 'com.br', 'gob.mx', 'gouv.fr', 'ac.nz', 'me.uk', 'id.au'],
  ...[
    'pages.dev',
    'workers.dev',
    'github.io',
    'vercel.app',
    'netlify.app',
    'web.app',
    'amazonaws.com',
    'supabase.co',
  ],
  ...['s3.amazonaws.com', 's3.eu-central-1.amazonaws.com', 's3-eu-west-1.amazonaws.com', 'a.run.app'],
  ...['europe-west1.run.app', '2.azurestaticapps.net', 'westeurope.cloudapp.azure.com', 'uc.r.appspot.com'],
])('%s is one below which anybody can have a name', (domain) => {
  expect(isPublicSuffix(domain)).toBe(true)
})

it.each([
  ...[
    'app.example',
    'example.co.uk',
    'my.pages.dev',
    'abc.supabase.co',
    'web.de',
    'id.me',
    'post.ch',
    'go.com',
  ],
  ...['uk', 'localhost', '', 'bucket.s3.amazonaws.com', 'app-123.europe-west1.run.app', 'evilpages.dev'],
])('%s is not', (domain) => {
  expect(isPublicSuffix(domain)).toBe(false)
})
