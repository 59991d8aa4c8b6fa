import { expect, test } from 'vitest'
import { importPublicKeys } from '../../../inference-host/admission/jwks.ts'
import { readConfig, VARIABLES } from '../../../inference-host/config.ts'
import { readManifest } from '../../../inference-host/weights/manifest.ts'
import { CannotListen, listen } from '../../../shared/listen.ts'
import { brokenValues } from '../../fixtures/broken-variables.ts'

const SECRET = 'c4n4ry-s3cret'

/** What a host says that starts with a value; empty where it is right. Keys and manifest are read too. */
async function complaint(name: string, value: string): Promise<string> {
  try {
    const config = readConfig({ SERVICE_TOKEN_PUBLIC_KEYS: '{"keys":[]}', [name]: value })
    if (name === 'SERVICE_TOKEN_PUBLIC_KEYS') await importPublicKeys(config[name])
    if (name === 'MODELS_FILE') await readManifest(config[name], name)
  } catch (error) {
    return String(error).toLowerCase()
  }
  return ''
}

test.each(Object.keys(VARIABLES))('%s, broken, shows nothing of what stands in it', async (name) => {
  const values = brokenValues(name, SECRET)
  const complaints = await Promise.all(values.map((value) => complaint(name, value)))
  for (const text of complaints) expect(text).not.toContain(SECRET)
  // Whatever is text fits these.
  if (['HOST_BIND', 'MODELS_DIR', 'HOST_JOBS_REDIS_TOKEN'].includes(name)) return
  expect(complaints.filter((text) => text !== '').length).toBeGreaterThan(2)
})

test('an address to listen on shows nothing of itself where it cannot be had', async () => {
  for (const bind of [SECRET, `127.0.0.1/${SECRET}`, `https://a.example/?${SECRET}`]) {
    const refused = await listen(() => new Response(), { bind, port: 0, failed: () => {} }).catch(
      (error: unknown) => error,
    )
    expect(refused).toBeInstanceOf(CannotListen)
    expect(String(refused)).not.toContain(SECRET)
  }
})
