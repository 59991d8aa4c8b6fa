import * as z from 'zod'

/**
 * How vectors lie in Redis: as base64 of their little-endian 32-bit floats, a fourth of what they take as decimal
 * numbers. Whoever reads the job gets the numbers that the host wrote: each is a 32-bit float.
 */
type Packed = { f32: string }

const Packed = z.strictObject({ f32: z.string() })
const Numbers = z.array(z.number())

/** Routes whose answers hold vectors. */
const EMBEDDINGS = '/v1/embeddings'
const FEATURES = '/v1/tasks/feature-extraction'

export const hasVectors = (path: string) => path === EMBEDDINGS || path === FEATURES

/** An answer with its vectors packed; an answer in any other form is given as it is. */
export const packVectors = (path: string, body: unknown): unknown => mapVectors(path, body, packed)

/** The answer that was packed. */
export const unpackVectors = (path: string, body: unknown): unknown => mapVectors(path, body, unpacked)

/** Applies `map` to whatever stands where a route has its vectors. */
function mapVectors(path: string, body: unknown, map: (vector: unknown) => unknown): unknown {
  // A single text's vector is the whole answer; of several, each is an item.
  if (path === FEATURES) {
    const whole = map(body)
    return whole === body && Array.isArray(body) ? body.map(map) : whole
  }
  if (path !== EMBEDDINGS || !isRecord(body) || !Array.isArray(body.data)) return body
  const data = body.data.map((item: unknown) =>
    isRecord(item) && 'embedding' in item ? { ...item, embedding: map(item.embedding) } : item,
  )
  return { ...body, data }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function packed(vector: unknown): unknown {
  const { data: numbers } = Numbers.safeParse(vector)
  if (!numbers || numbers.length === 0) return vector
  const view = new DataView(new ArrayBuffer(4 * numbers.length))
  for (const [at, number] of numbers.entries()) view.setFloat32(4 * at, number, true)
  let text = ''
  for (let at = 0; at < view.byteLength; at++) text += String.fromCharCode(view.getUint8(at))
  return { f32: btoa(text) } satisfies Packed
}

function unpacked(vector: unknown): unknown {
  const { data } = Packed.safeParse(vector)
  if (!data) return vector
  const bytes = Uint8Array.from(atob(data.f32), (character) => character.charCodeAt(0))
  const view = new DataView(bytes.buffer)
  return Array.from({ length: bytes.length / 4 }, (_, at) => view.getFloat32(4 * at, true))
}
