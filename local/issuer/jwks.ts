import { createPublicKey } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'

/** A key pair that signs tokens, and its public half as the issuer publishes it. */
export type SigningKey = { alg: 'RS256' | 'ES256'; kid: string; privateKey: CryptoKey; publicJwk: JWK }

/** The two keys of a local issuer: Firebase signs with RSA, Supabase with P-256. */
export type SigningKeys = { firebase: SigningKey; supabase: SigningKey }

/**
 * Loads the keys from `dir`, or makes them there on the first call (the folder with mode 700, the files with 600), so
 * that tokens outlive a restart. Without `dir` they are kept in memory only.
 * @throws Error where a file holds no private key
 */
export async function openSigningKeys(dir: string | undefined): Promise<SigningKeys> {
  if (dir !== undefined) await mkdir(dir, { recursive: true, mode: 0o700 })
  const [firebase, supabase] = await Promise.all([
    openKey(dir && join(dir, 'firebase.rs256.jwk.json'), 'RS256'),
    openKey(dir && join(dir, 'supabase.es256.jwk.json'), 'ES256'),
  ])
  return { firebase, supabase }
}

async function openKey(file: string | undefined, alg: SigningKey['alg']): Promise<SigningKey> {
  if (file === undefined) return signingKey(await newKey(alg), alg)
  const text = (await readIfThere(file)) ?? (await save(file, JSON.stringify(await newKey(alg))))
  try {
    return await signingKey(JSON.parse(text), alg)
  } catch {
    throw new Error(`${file} holds no ${alg} key. Delete it, and a new one is made.`)
  }
}

async function newKey(alg: SigningKey['alg']): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 })
  return exportJWK(privateKey)
}

async function signingKey(jwk: JWK, alg: SigningKey['alg']): Promise<SigningKey> {
  const privateKey = await importJWK(jwk, alg)
  if (privateKey instanceof Uint8Array || privateKey.type !== 'private') throw new Error('not a private key')
  const publicJwk = await exportJWK(createPublicKey({ key: jwk, format: 'jwk' }))
  const kid = await calculateJwkThumbprint(publicJwk)
  return { alg, kid, privateKey, publicJwk: { ...publicJwk, kid, alg } }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Writes a file whole or not at all. Of two processes the first wins, because a link never replaces a file. Returns the
 * content of the file then.
 */
async function save(file: string, text: string): Promise<string> {
  const draft = `${file}.${process.pid}`
  await writeFile(draft, text, { mode: 0o600 })
  try {
    await link(draft, file)
    return text
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return await readFile(file, 'utf8')
  } finally {
    await rm(draft, { force: true })
  }
}
