import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'

/** What Node says of a module that is written in another way than is read here, and what mends it. */
const MENDS: readonly (readonly [RegExp, string])[] = [
  [/^(module|exports|require) is not defined/, 'write import and export default instead'],
  [/^Cannot find module/, 'an import needs the whole name of its file, like ./plans.ts'],
  [/^(Unexpected token 'export'|Named export )/, 'package.json says what a .js file is; name it .ts or .mjs'],
]

/**
 * The default export of a module in TypeScript, in whatever folder it lies: one that `npm init` has made has `"type": "commonjs"`
 * in its package.json, others have no `type`. The files in TypeScript that it imports are read the same way.
 * @throws Error of one line, with what to do where that is known
 */
export async function importDefault(path: string): Promise<unknown> {
  const hooks = registerHooks({
    load: (url, context, next) =>
      next(
        url,
        new URL(url).pathname.endsWith('.ts') ? { ...context, format: 'module-typescript' } : context,
      ),
  })
  try {
    const { default: written } = await import(pathToFileURL(path).href)
    return written
  } catch (error) {
    throw new Error(inOneLine(error), { cause: error })
  } finally {
    hooks.deregister()
  }
}

function inOneLine(error: unknown): string {
  const [line = ''] = String(error instanceof Error ? error.message : error).split('\n')
  const mend = MENDS.find(([said]) => said.test(line))?.[1]
  return mend === undefined ? line : `${line.replace(/\.$/, '')}: ${mend}`
}
