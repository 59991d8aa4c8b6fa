import { createHash } from 'node:crypto'

/** Whose prefixes a block may be shared with: PUBLIC, for what the operator declared public, or an account's. */
export type Namespace = 'public' | `account:${string}`
export const PUBLIC: Namespace = 'public'

/** No account, whatever its name, has the public namespace. */
export function namespaceOfAccount(account: string): Namespace {
  return `account:${account}`
}

/**
 * A key per full block of `prompt`. A key is the SHA-256 of its block's namespace and tokens and of the key before,
 * so that it stands for everything up to the block's end: equal keys, equal cache contents. SHA-256, since a
 * collision would show one account's prompt to another.
 * @param namespaceOf the namespace of the block that ends at `end`; undefined ends the chain: no more is shared.
 */
export function prefixKeys(
  prompt: readonly number[],
  block: number,
  namespaceOf: (end: number) => Namespace | undefined,
): string[] {
  const keys: string[] = []
  for (let end = block; end <= prompt.length; end += block) {
    const namespace = namespaceOf(end)
    if (namespace === undefined) break
    const hash = createHash('sha256').update(JSON.stringify([keys.at(-1) ?? '', namespace]))
    keys.push(hash.update(Int32Array.from(prompt.slice(end - block, end))).digest('base64'))
  }
  return keys
}

/** How many tokens at the start of `prompt` the operator declared public: the longest of `prefixes` that it begins with. */
export function publicLength(prompt: readonly number[], prefixes: readonly (readonly number[])[]): number {
  const fitting = prefixes.filter(
    (prefix) => prefix.length <= prompt.length && prefix.every((id, i) => id === prompt[i]),
  )
  return Math.max(0, ...fitting.map(({ length }) => length))
}
