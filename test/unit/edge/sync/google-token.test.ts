import { exportPKCS8, generateKeyPair, jwtVerify } from 'jose'
import { expect, it } from 'vitest'
import { googleTokenRequest, ServiceAccount } from '../../../../edge/sync/google-token.ts'

const NOW = 1_800_000_000_000
const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
const account = ServiceAccount.parse({
  project_id: 'my-project',
  private_key_id: 'k1',
  private_key: await exportPKCS8(privateKey),
  client_email: 'edge@my-project.iam.gserviceaccount.com',
})

it.each([
  { scope: 'https://www.googleapis.com/auth/identitytoolkit' },
  { target_audience: 'https://host.run.app' },
])('asks for %j by an assertion that the account signed, for an hour', async (asked) => {
  const { url, method, headers, body } = await googleTokenRequest(account, asked, NOW)
  expect([method, url]).toEqual(['POST', 'https://oauth2.googleapis.com/token'])
  expect(headers).toEqual({ 'content-type': 'application/x-www-form-urlencoded' })
  const form = new URLSearchParams(body)
  expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer')
  const { payload, protectedHeader } = await jwtVerify(form.get('assertion') ?? '', publicKey, {
    currentDate: new Date(NOW),
  })
  expect(protectedHeader).toEqual({ alg: 'RS256', kid: 'k1', typ: 'JWT' })
  const [iat, exp] = [NOW / 1000, NOW / 1000 + 3600]
  expect(payload).toEqual({ ...asked, iss: account.client_email, aud: account.token_uri, iat, exp })
})

it.each(['My-Project', 'abc', `${'a'.repeat(30)}b`, 'ends-with-'])('takes no project %s', (project_id) => {
  expect(ServiceAccount.safeParse({ ...account, project_id }).success).toBe(false)
})
