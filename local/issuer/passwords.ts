import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/** A password as it is kept: its scrypt hash, and the salt that went into it. */
export type PasswordHash = { readonly salt: Buffer; readonly hash: Buffer }

const SALT_BYTES = 16
const HASH_BYTES = 32

/** Hashes a password with Node's defaults of scrypt (N = 16384, r = 8, p = 1) and a salt of its own. */
export async function hashPassword(password: string): Promise<PasswordHash> {
  const salt = randomBytes(SALT_BYTES)
  return { salt, hash: await derive(password, salt) }
}

/** Whether this is the password, compared in constant time. */
export async function isPassword(password: string, { salt, hash }: PasswordHash): Promise<boolean> {
  return timingSafeEqual(await derive(password, salt), hash)
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, HASH_BYTES, (error, key) =>
      error ? reject(error) : resolve(key),
    )
  })
}
