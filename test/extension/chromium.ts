import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { connect } from './connection.ts'
import { openPage, type Page } from './page.ts'
import { tick } from './tick.ts'

const EXECUTABLE = '/usr/bin/chromium'

/** Empty, or why what needs a browser is skipped, which CI may not do. */
export const noChromium = existsSync(EXECUTABLE)
  ? ''
  : ` (${EXECUTABLE} is missing: apt-get install chromium)`
if (noChromium !== '' && process.env.CI !== undefined) throw new Error(`CI must have${noChromium}`)

/** The usual ways out of a browser that nobody asked are shut; the last ones let it start in a container. */
const FLAGS = [
  '--headless=new',
  '--remote-debugging-port=0',
  '--enable-unsafe-extension-debugging',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--no-sandbox',
]

export type Chromium = {
  open: (url: string) => Promise<Page>
  /** The page of an address that somebody else opened. */
  opened: (url: string) => Promise<Page>
  /** Clicks the extension's button in the toolbar, over the tab that shows this address. */
  clickAction: (extension: string, url: string) => Promise<void>
  /** The addresses of the service workers that run. */
  workers: () => Promise<string[]>
}

/** A Chromium with a profile of its own until the test ends, with an unpacked extension or none. */
export async function startChromium(extension?: string): Promise<Chromium> {
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'))
  const loading = extension
    ? [`--disable-extensions-except=${extension}`, `--load-extension=${extension}`]
    : ['--disable-extensions']
  const child = spawn(EXECUTABLE, [...FLAGS, ...loading, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: 'ignore',
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
    await rm(profile, { recursive: true, force: true, maxRetries: 10 })
  })
  const devtools = await connect(await addressIn(profile))
  async function targets(filter?: { type: string }[]): Promise<Target[]> {
    const { targetInfos } = await devtools.send('Target.getTargets', { ...(filter && { filter }) })
    return targetInfos as Target[]
  }
  return {
    async open(url) {
      const { targetId } = await devtools.send('Target.createTarget', { url: 'about:blank' })
      const page = await openPage(devtools, String(targetId))
      await page.go(url)
      return page
    },
    async opened(url) {
      for (;;) {
        const found = (await targets()).find((each) => each.url === url)
        if (found) return openPage(devtools, found.targetId)
        await tick()
      }
    },
    async clickAction(id, url) {
      const tabs = (await targets([{ type: 'tab' }])).filter((each) => each.url === url)
      await devtools.send('Extensions.triggerAction', { id, targetId: tabs[0]?.targetId })
    },
    workers: async () =>
      (await targets()).filter(({ type }) => type === 'service_worker').map(({ url }) => url),
  }
}

type Target = { targetId: string; type: string; url: string }

/** What Chromium writes into its profile once it listens: the port, and the path of its socket. */
async function addressIn(profile: string): Promise<string> {
  for (;;) {
    const [port, path] = (await readFile(join(profile, 'DevToolsActivePort'), 'utf8').catch(() => '')).split(
      '\n',
    )
    if (port && path) return `ws://127.0.0.1:${port}${path}`
    await tick()
  }
}
