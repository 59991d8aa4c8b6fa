import { browser } from 'wxt/browser'

/** What Firefox has in place of side panels. */
type Sidebar = { sidebarAction?: { open: () => Promise<void> } }

/** Opens the panel of a window. Call it before any `await`, while the user's click still counts. */
export function openPanel(windowId: number): void {
  const opened = (browser as Sidebar).sidebarAction?.open() ?? browser.sidePanel.open({ windowId })
  opened.catch((error: unknown) => console.warn('The panel did not open.', error))
}
