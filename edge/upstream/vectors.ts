/** Bytes that are written as text at once: a call takes only so many arguments. */
const AT_ONCE = 8192

/** A vector as base64 of its little-endian 32-bit floats, as OpenAI's API has it (`encoding_format`). */
export function packedOf(vector: string | readonly number[]): string {
  if (typeof vector === 'string') return vector
  const view = new DataView(new ArrayBuffer(vector.length * 4))
  for (const [i, value] of vector.entries()) view.setFloat32(i * 4, value, true)
  const bytes = new Uint8Array(view.buffer)
  let binary = ''
  for (let i = 0; i < bytes.length; i += AT_ONCE)
    binary += String.fromCharCode(...bytes.subarray(i, i + AT_ONCE))
  return btoa(binary)
}

/** A vector as numbers. Bytes beyond the last whole float are left out. */
export function floatsOf(vector: string | readonly number[]): readonly number[] {
  if (typeof vector !== 'string') return vector
  const binary = atob(vector)
  const view = new DataView(Uint8Array.from(binary, (char) => char.charCodeAt(0)).buffer)
  return Array.from({ length: Math.floor(view.byteLength / 4) }, (_, i) => view.getFloat32(i * 4, true))
}
