import { browser } from 'wxt/browser'

/** Characters that are taken from a page at most; what is sent is cut to `longestText` later. */
const LONGEST_SELECTION = 100_000

/**
 * What is selected in a tab, with its line breaks. The browser allows it only where the user has just clicked the
 * extension's button or its menu (`activeTab`), and never on pages of the browser itself.
 * @throws Error where it is not allowed
 */
export async function selectedText(tabId: number, frameId = 0): Promise<string> {
  const [injected] = await browser.scripting.executeScript({
    target: { tabId, frameIds: [frameId] },
    func: () => String(getSelection() ?? ''),
  })
  const text: unknown = injected?.result
  return typeof text === 'string' ? text.slice(0, LONGEST_SELECTION).trim() : ''
}
