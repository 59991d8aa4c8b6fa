/**
 * SHA-256 of bytes. WebCrypto has it everywhere; where it costs a thread's turn, a runtime may give another
 * (edge/runtime/node-crypto.ts).
 */
export type Sha256 = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array | Promise<Uint8Array>

export const webSha256: Sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
