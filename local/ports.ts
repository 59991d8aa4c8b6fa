import { createServer } from 'node:net'

/** Checks that a port of this machine can be used. @throws Error of one line, with the option that names another */
export async function requireFreePort(option: string, wanted: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const server = createServer()
  server.once('error', (error: NodeJS.ErrnoException) =>
    reject(
      new Error(
        error.code === 'EADDRINUSE'
          ? `Port ${wanted} is taken. Is Twohop running already? Otherwise choose another: npm start -- ${option} ${wanted + 1}`
          : `Port ${wanted} cannot be used: ${error.message}`,
      ),
    ),
  )
  server.listen(wanted, '127.0.0.1', () => server.close(() => resolve()))
  await promise
}

/** A port if it is free, else 0, which stands for any free one. */
export function portOrFree(wanted: number): Promise<number> {
  return requireFreePort('', wanted).then(
    () => wanted,
    () => 0,
  )
}
