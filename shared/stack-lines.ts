/** What V8 writes before the message. */
const HEAD = /^[\w$.]+(?: \[\w+\])?(?:: )?/

/**
 * The lines of an error's stack behind its message. The message's own lines may look like frames, and may hold a secret.
 * Where the message is not at the stack's beginning, because one of the two was changed, there are none.
 */
export function linesAfterMessage({ stack = '', message }: Error): string[] {
  const head = HEAD.exec(stack)?.[0] ?? ''
  const rest = stack.slice(head.length + message.length)
  return stack.startsWith(message, head.length) && rest.startsWith('\n') ? rest.slice(1).split('\n') : []
}
