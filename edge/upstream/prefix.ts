import * as z from 'zod'

/** The most characters of a prompt's beginning that are looked at. */
const MOST_CHARS = 512

/** What of a request has a beginning that a host's cache may know: a chat's messages, or a prompt. */
const Prompt = z.object({
  messages: z.array(z.object({ content: z.string().nullable() })).optional(),
  prompt: z.string().optional(),
})

/**
 * The hash of what a prompt begins with: a chat's first two messages, which stay the same while it goes on. A host's cache is
 * for one account, so another account has another hash. Undefined for what no cache has, such as embeddings.
 */
export function prefixOf(account: string, request: object): number | undefined {
  const { messages, prompt } = Prompt.safeParse(request).data ?? {}
  const text =
    prompt ??
    messages
      ?.slice(0, 2)
      .map(({ content }) => content ?? '')
      .join('\n')
  return text === undefined ? undefined : hashOf(`${account}\n${text.slice(0, MOST_CHARS)}`)
}

/** FNV-1a, 32 bits, of a text's UTF-16 units. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash
}

/** Another 32 bits, each of which depends on all of these: the end of MurmurHash3. */
export function mixed(hash: number): number {
  let bits = hash
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

/**
 * One of several by a hash: each gets its share by weight, and keeps what it has where another's weight changes (rendezvous
 * hashing, Thaler and Ravishankar 1998; with weights, Schindelhauer and Schomaker 2005). Undefined for none.
 */
export function drawnBy<Item extends { id: string; weight: number }>(
  items: readonly Item[],
  hash: number,
): Item | undefined {
  let drawn = items[0]
  let highest = -Infinity
  for (const item of items) {
    const number = -item.weight / Math.log(between(mixed(hash ^ hashOf(item.id))))
    if (number > highest) {
      highest = number
      drawn = item
    }
  }
  return drawn
}

/** 32 bits as a number between 0 and 1, neither of them included. */
export const between = (bits: number) => (bits + 0.5) / 2 ** 32
