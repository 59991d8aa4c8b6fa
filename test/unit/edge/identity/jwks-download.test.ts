import { generateKeyPairSync } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { downloadJwks } from '../../../../edge/identity/jwks-download.ts'
import { keys } from '../../../fixtures/signed-world.ts'

const { publicJwk, kid } = keys.firebase
const rsa = (bits: number) => generateKeyPairSync('rsa', { modulusLength: bits })
const hint = { alg: 'RS256', kid } as const

async function serving(listener: RequestListener) {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    listener(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
  return { requests, download: (timeoutMs = 3000) => downloadJwks(url, fetch, timeoutMs) }
}

const publishing = (...published: unknown[]) =>
  serving((_, response) => response.end(JSON.stringify({ keys: published })))

describe('a download over HTTP', () => {
  it('finds the published key', async () => {
    const { download, requests } = await publishing(publicJwk)
    expect(await (await download()).find(hint)).toMatchObject({ type: 'public' })
    expect(requests).toEqual(['GET /jwks'])
  })

  it.each([301, 302, 307, 308])('never follows a %i', async (status) => {
    const { download, requests } = await serving((_, response) =>
      response.writeHead(status, { location: '/elsewhere' }).end(),
    )
    await expect(download()).rejects.toThrow(`status ${status}`)
    expect(requests).toEqual(['GET /jwks'])
  })

  it('stops at 64 KiB, however long the answer would be', async () => {
    let written = 0
    const { download } = await serving((_, response) => {
      const more = () => {
        while (!response.destroyed && written < 64 * 1024 * 1024) {
          written += 16 * 1024
          if (!response.write(' '.repeat(16 * 1024))) return
        }
        response.end()
      }
      response.on('drain', more)
      more()
    })
    await expect(download()).rejects.toThrow('larger than 65536 bytes')
    expect(written).toBeLessThan(32 * 1024 * 1024)
  })

  it.each([
    ['never begins', () => {}],
    ['never ends', ((_, response) => response.write('{"keys":')) as RequestListener],
  ])('gives up on an answer that %s', async (_, listener) => {
    const { download } = await serving(listener)
    await expect(download(50)).rejects.toMatchObject({ name: 'TimeoutError' })
  })
})

describe('keys that are as good as not there', () => {
  const short = rsa(1024).publicKey.export({ format: 'jwk' })
  const privateJwk = rsa(2048).privateKey.export({ format: 'jwk' })
  const unusable: [string, unknown][] = [
    ['one for encryption', { ...publicJwk, use: 'enc' }],
    ['one of another algorithm', { ...publicJwk, alg: 'PS256' }],
    ['one of another type', { ...keys.supabase.publicJwk, kid }],
    ['one without an id', { ...publicJwk, kid: undefined }],
    ['a shared secret', { kty: 'oct', k: 'c2VjcmV0', kid, alg: 'RS256' }],
    ['a private key', { ...privateJwk, kid, alg: 'RS256' }],
    ['one of 1024 bits', { ...short, kid, alg: 'RS256' }],
    ['one that may not verify', { ...publicJwk, key_ops: ['encrypt'] }],
    ['one that is no number', { ...publicJwk, n: '!'.repeat(400) }],
    ['one that cannot be imported', { ...publicJwk, e: undefined }],
  ]
  it.each(unusable)('%s', async (_, key) => {
    const alone = await (await publishing(key)).download()
    expect(await alone.find(hint)).toBeUndefined()
    const beside = await (await publishing(key, publicJwk)).download()
    expect(await beside.find({ ...hint, kid: 'another' })).toBeUndefined()
  })

  it('two with one id', async () => {
    const { download } = await publishing(publicJwk, publicJwk)
    expect(await (await download()).find(hint)).toBeUndefined()
  })
})
