import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '../fixtures/browser/connection.ts'
import type { Person } from '../fixtures/browser/person.ts'
import { tick } from '../fixtures/browser/tick.ts'
import { type BidiPage, bidiPage } from './bidi-page.ts'

const EXECUTABLE = '/usr/bin/firefox-esr'

/** Empty, or why what needs Firefox is skipped, which CI may not do. */
export const noFirefox = existsSync(EXECUTABLE)
  ? ''
  : ` (${EXECUTABLE} is missing: apt-get install firefox-esr)`
if (noFirefox !== '' && process.env.CI !== undefined) throw new Error(`CI must have${noFirefox}`)

/** In `browser_specific_settings` of examples/extension/wxt.config.ts. */
const ID = 'twohop-example@example.com'
/** The extension's origin, which Firefox else makes up at each installation. */
const UUID = '0d1f8c2a-54b7-4c7e-9a3d-6b1e2f4a5c70'
export const PANEL_IN_FIREFOX = `moz-extension://${UUID}/sidepanel.html`

/**
 * Where it listens for a test, Firefox shuts its ways out by itself (`remote.prefs.recommended`). The last flag opens the
 * extension's pages and the window around them to the test.
 */
const FLAGS = ['--headless', '--no-remote', '--remote-debugging-port=0', '--remote-allow-system-access']

export type Firefox = {
  open: (url: string) => Promise<BidiPage>
  /** What stands around the pages: toolbar, menus, sidebar. It can be looked at, and is out of the mouse's reach. */
  window: Pick<Person, 'evaluate' | 'until'>
  /** Presses the extension's button in the toolbar, over the page that is shown. */
  clickAction: () => Promise<void>
  /** Takes an entry of the extension in the menu that is open. */
  chooseInMenu: (label: string) => Promise<void>
  stop: () => Promise<void>
}

/** A Firefox with a profile of its own and the extension of a folder. It takes long to start, so tests of a file share one. */
export async function startFirefox(extension: string): Promise<Firefox> {
  const profile = await mkdtemp(join(tmpdir(), 'firefox-'))
  const uuids = JSON.stringify(JSON.stringify({ [ID]: UUID }))
  await writeFile(join(profile, 'user.js'), `user_pref("extensions.webextensions.uuids", ${uuids});\n`)
  const child = spawn(EXECUTABLE, [...FLAGS, '--profile', profile, 'about:blank'], { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  async function stop(): Promise<void> {
    child.kill('SIGKILL')
    await ended
    await rm(profile, { recursive: true, force: true, maxRetries: 10 })
  }
  try {
    return { ...(await driven(await addressIn(profile), extension)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Installs the extension, and takes the wheel. */
async function driven(address: string, extension: string): Promise<Omit<Firefox, 'stop'>> {
  const bidi = await connect(address)
  await bidi.send('session.new', { capabilities: {} })
  await bidi.send('session.subscribe', { events: ['log.entryAdded'] })
  await bidi.send('webExtension.install', { extensionData: { type: 'path', path: extension } })
  const { contexts } = await bidi.send('browsingContext.getTree', { 'moz:scope': 'chrome' })
  const window = bidiPage(bidi, (contexts as { context: string }[])[0]?.context ?? '')
  // It opens the sidebar of an extension that has just been installed, which takes the focus some time later.
  await window.until('SidebarController.isOpen')
  await window.evaluate('SidebarController.hide()')
  return {
    window,
    async open(url) {
      const { context } = await bidi.send('browsingContext.create', { type: 'tab' })
      const page = bidiPage(bidi, String(context))
      await page.go(url)
      return page
    },
    // By the function that Firefox's own keyboard shortcut calls.
    clickAction: () =>
      window.evaluate(`(() => {
        const { ExtensionParent } = ChromeUtils.importESModule('resource://gre/modules/ExtensionParent.sys.mjs')
        const { extension } = WebExtensionPolicy.getByID('${ID}')
        ExtensionParent.apiManager.global.browserActionFor(extension).triggerAction(window)
      })()`),
    async chooseInMenu(label) {
      await window.until(`${MENU}.state === 'open'`)
      await window.evaluate(`${OWN}.openMenu(true)`)
      await window.until(`${OWN}.menupopup.state === 'open'`)
      await window.evaluate(`${OWN}.menupopup.activateItem(
        [...${OWN}.menupopup.children].find((entry) => entry.label === ${JSON.stringify(label)}))`)
    },
  }
}

const MENU = `document.querySelector('#contentAreaContextMenu')`
const OWN = `${MENU}.querySelector('menu[ext-type]')`

/** What Firefox writes into its profile once it listens. */
async function addressIn(profile: string): Promise<string> {
  for (;;) {
    const written = await readFile(join(profile, 'WebDriverBiDiServer.json'), 'utf8').catch(() => '')
    const [, host] = /"ws_host": "([^"]+)"/.exec(written) ?? []
    const [, port] = /"ws_port": (\d+)/.exec(written) ?? []
    if (host && port && written.includes('}')) return `ws://${host}:${port}/session`
    await tick()
  }
}
