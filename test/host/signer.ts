import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { bodyHash, SERVICE_TOKEN, type ServiceClaims } from '../../shared/service-token.ts'

/** Signs requests and jobs as the edge does, with a key pair of its own. */
export type Signer = {
  jwks: string
  /** A service token for `body`; `claims` overrides what would otherwise cover it amply. */
  sign(
    route: string,
    body: string | Uint8Array<ArrayBuffer>,
    claims?: Partial<ServiceClaims>,
    kid?: string,
  ): Promise<string>
  /** A token of these claims and no others. */
  signClaims(claims: JWTPayload, kid?: string): Promise<string>
}

export async function createSigner(kid = 'test'): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' })
  return {
    ...signerOf(privateKey, kid),
    jwks: JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid }] }),
  }
}

/** The same with a key that there is. */
export function signerOf(privateKey: CryptoKey, kid: string): Omit<Signer, 'jwks'> {
  const signClaims = (claims: JWTPayload, header = kid) =>
    new SignJWT(claims).setProtectedHeader({ alg: SERVICE_TOKEN.algorithm, kid: header }).sign(privateKey)
  return {
    signClaims,
    async sign(route, body, claims = {}, header = kid) {
      const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
      const seconds = Math.floor(Date.now() / 1000)
      const full = {
        iss: SERVICE_TOKEN.issuer,
        aud: SERVICE_TOKEN.audience,
        iat: seconds,
        exp: seconds + SERVICE_TOKEN.lifetimeSeconds,
        jti: crypto.randomUUID(),
        sub: 'account-1',
        route,
        model: /"model":"([^"]*)"/.exec(new TextDecoder().decode(bytes))?.[1] ?? '',
        scope: 'chat',
        reserved: { prompt_tokens: 4096, output_tokens: 4096 },
        body_sha256: await bodyHash(bytes),
        deadline: Date.now() + 60_000,
        ...claims,
      }
      return signClaims(full, header)
    },
  }
}
