import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Page } from '../fixtures/browser/page.ts'

const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Brings colours that are on their way to their end. What turns for ever has none. */
export const AT_THEIR_END =
  'for (const each of document.getAnimations()) if (each.effect.getComputedTiming().endTime < Infinity) each.finish()'

/** What axe finds wrong with the page as it stands, in light and in dark: the rule and where. */
export async function found(page: Page): Promise<string[]> {
  await page.evaluate(`globalThis.axe === undefined && void ${source}`)
  const wrong: string[] = []
  for (const value of ['light', 'dark']) {
    await page.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }] })
    wrong.push(
      ...(await page.evaluate<string[]>(`(async () => {
        ${AT_THEIR_END}
        const { violations } = await axe.run(document, { resultTypes: ['violations'] })
        return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) =>
          '${value} ' + id + ': ' + target.join(' ') + ' ' + failureSummary))
      })()`)),
    )
  }
  return wrong
}
