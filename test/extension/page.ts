import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Connection } from './connection.ts'
import { asAPerson, type Person } from './person.ts'

/** A page or a worker of Chromium. */
export type Page = Person & {
  go: (url: string) => Promise<void>
  press: (key: 'Enter' | 'Tab') => Promise<void>
  /** In PNG or WebP, as the path ends. */
  screenshot: (path: string, look: { width: number; height: number; dark?: boolean }) => Promise<void>
  /** Every answer that came over the network since `watchAnswers`, such as `401 /v1/models`. */
  answers: readonly string[]
  watchAnswers: () => Promise<void>
  send: (method: string, params?: Record<string, unknown>) => Promise<Record<string, unknown>>
}

type Evaluated = {
  result: { value?: unknown }
  exceptionDetails?: { text: string; exception?: { description?: string } }
}

const KEYS = {
  Enter: { key: 'Enter', code: 'Enter', text: '\r', windowsVirtualKeyCode: 13 },
  Tab: { key: 'Tab', code: 'Tab', windowsVirtualKeyCode: 9 },
}

export async function openPage(devtools: Connection, targetId: string): Promise<Page> {
  const { sessionId } = await devtools.send('Target.attachToTarget', { targetId, flatten: true })
  const session = String(sessionId)
  const errors: string[] = []
  const note = (of: string | undefined, text: unknown) => of === session && errors.push(JSON.stringify(text))
  devtools.on('Runtime.exceptionThrown', ({ exceptionDetails }, of) => note(of, exceptionDetails))
  devtools.on(
    'Log.entryAdded',
    ({ entry }, of) => (entry as { level: string }).level === 'error' && note(of, entry),
  )
  const answers: string[] = []
  devtools.on('Network.responseReceived', ({ response }, of) => {
    const { status, url } = response as { status: number; url: string }
    if (of === session) answers.push(`${status} ${new URL(url).pathname}`)
  })
  const send: Page['send'] = (method, params) => devtools.send(method, params, session)
  await send('Runtime.enable')
  await send('Log.enable')

  async function evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = (await send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
      userGesture: true,
    })) as Evaluated
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    return result.value as T
  }
  const person = asAPerson({
    evaluate,
    async press(x, y) {
      for (const type of ['mousePressed', 'mouseReleased'])
        await send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 })
    },
    write: async (text) => void (await send('Input.insertText', { text })),
  })
  return {
    ...person,
    send,
    errors,
    answers,
    watchAnswers: async () => void (await send('Network.enable')),
    async go(url) {
      await send('Page.enable')
      // The page that is left is complete, too, until the next one comes.
      await evaluate('void (window.left = true)')
      await send('Page.navigate', { url })
      await person.until(
        `!window.left && location.href !== 'about:blank' && document.readyState === 'complete'`,
      )
    },
    async press(key) {
      for (const type of ['keyDown', 'keyUp']) await send('Input.dispatchKeyEvent', { type, ...KEYS[key] })
    },
    async screenshot(path, { width, height, dark = false }) {
      const png = path.endsWith('.png')
      const features = [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]
      await send('Emulation.setEmulatedMedia', { features })
      await send('Emulation.setDeviceMetricsOverride', {
        width,
        height,
        deviceScaleFactor: png ? 1 : 1.5,
        mobile: false,
      })
      const { data } = await send(
        'Page.captureScreenshot',
        png ? { format: 'png', optimizeForSpeed: false } : { format: 'webp', quality: 80 },
      )
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, Buffer.from(String(data), 'base64'))
      await send('Emulation.clearDeviceMetricsOverride')
    },
  }
}
