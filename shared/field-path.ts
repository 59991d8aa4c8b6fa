/** A path into JSON the way OpenAI's errors name a field, such as `messages[0].content`. Empty for the whole. */
export function fieldPath(steps: readonly PropertyKey[]): string {
  return steps
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i > 0 ? '.' : ''}${String(step)}`))
    .join('')
}
