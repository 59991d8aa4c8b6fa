/** Characters of a path: the names in it are the client's. */
const LONGEST = 200

/**
 * A path into JSON the way OpenAI's errors name a field, such as `messages[0].content`. Empty for the whole. A long path
 * is cut.
 */
export function fieldPath(steps: readonly PropertyKey[]): string {
  return steps
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i > 0 ? '.' : ''}${String(step)}`))
    .join('')
    .slice(0, LONGEST)
}
