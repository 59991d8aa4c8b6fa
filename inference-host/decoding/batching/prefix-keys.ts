import { createHash } from 'node:crypto'

/** Who may share a block: PUBLIC where the operator declared its text public, else one account. */
export type Namespace = 'public' | `account:${string}`
export const PUBLIC: Namespace = 'public'

/** No account has the public namespace, whatever the account's name. */
export function namespaceOfAccount(account: string): Namespace {
  return `account:${account}`
}

/**
 * A key per full block of `prompt`. A key is the SHA-256 of its block's namespace and tokens and of the key before. So
 * it stands for everything up to the block's end: equal keys mean equal cache contents. It is SHA-256 because a
 * collision would show one account's prompt to another.
 * @param namespaceOf the namespace of the block that ends at `end`. Undefined ends the chain, and no more is shared.
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

/**
 * How many tokens at the start of `prompt` the operator declared public: the longest of `prefixes` that it begins with.
 */
export function publicLength(prompt: readonly number[], prefixes: readonly (readonly number[])[]): number {
  const fitting = prefixes.filter(
    (prefix) => prefix.length <= prompt.length && prefix.every((id, i) => id === prompt[i]),
  )
  return Math.max(0, ...fitting.map(({ length }) => length))
}
