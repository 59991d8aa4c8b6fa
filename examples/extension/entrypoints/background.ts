import { browser } from 'wxt/browser'
import { defineBackground } from 'wxt/utils/define-background'
import { leaveTask } from '../src/handoff.ts'
import { openPanel } from '../src/open-panel.ts'
import { selectedText } from '../src/selection.ts'
import { isTask, PAGE_TASKS, TITLES } from '../src/tasks.ts'

/**
 * The service worker opens the panel and passes on what was selected; it keeps nothing. The panel itself signs in, asks and
 * reads the stream, so the browser may stop this worker at any time.
 */
export default defineBackground(() => {
  browser.runtime.onInstalled.addListener(async () => {
    // Nothing but the extension's own pages reads what it stores. Firefox has no such switch, and needs none.
    await browser.storage.local.setAccessLevel?.({ accessLevel: 'TRUSTED_CONTEXTS' })
    await browser.contextMenus.removeAll()
    for (const task of PAGE_TASKS)
      browser.contextMenus.create({ id: task, title: TITLES[task], contexts: ['selection'] })
  })

  browser.action.onClicked.addListener((tab) => openPanel(tab.windowId))

  browser.contextMenus.onClicked.addListener(async ({ menuItemId, selectionText = '', frameId }, tab) => {
    if (!isTask(menuItemId) || tab?.id === undefined) return
    // First, and without waiting: the browser opens a panel only in answer to the click.
    openPanel(tab.windowId)
    const text = await selectedText(tab.id, frameId).catch(() => '')
    await leaveTask({ windowId: tab.windowId, task: menuItemId, text: text || selectionText })
  })
})
