import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Connection } from './devtools.ts'
import { tick } from './tick.ts'

/** A page or a worker of the browser, used as a person would: by the mouse and the keyboard, and by looking. */
export type Page = {
  go: (url: string) => Promise<void>
  /** What an expression is there, once it is a promise no more. @throws Error with what it threw */
  evaluate: <T>(expression: string) => Promise<T>
  /** Asks again until the expression is truthy. */
  until: <T>(expression: string) => Promise<T>
  /** The text that a person sees in an element, '' where it is hidden. */
  text: (selector: string) => Promise<string>
  click: (selector: string) => Promise<void>
  /** Replaces what stands in a field. */
  type: (selector: string, text: string) => Promise<void>
  press: (key: 'Enter' | 'Tab') => Promise<void>
  /** In PNG or WebP, as the path ends. */
  screenshot: (path: string, look: { width: number; height: number; dark?: boolean }) => Promise<void>
  /** What went wrong there: exceptions, and errors of the console, such as what the content security policy refused. */
  errors: readonly string[]
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
  async function until<T>(expression: string): Promise<T> {
    for (;;) {
      const value = await evaluate<T>(expression)
      if (value) return value
      await tick()
    }
  }
  async function click(selector: string): Promise<void> {
    const { x, y } = await until<{ x: number; y: number }>(`(() => {
      const found = document.querySelector(${JSON.stringify(selector)})
      if (!found?.checkVisibility() || found.disabled) return
      found.scrollIntoView({ block: 'center', behavior: 'instant' })
      const { x, y, width, height } = found.getBoundingClientRect()
      return { x: x + width / 2, y: y + height / 2 }
    })()`)
    for (const type of ['mousePressed', 'mouseReleased'])
      await send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 })
  }
  return {
    send,
    errors,
    answers,
    watchAnswers: async () => void (await send('Network.enable')),
    evaluate,
    until,
    click,
    async go(url) {
      await send('Page.enable')
      await send('Page.navigate', { url })
      await until(`location.href !== 'about:blank' && document.readyState === 'complete'`)
    },
    text: (selector) =>
      evaluate(`(() => {
        const found = document.querySelector(${JSON.stringify(selector)})
        return found?.checkVisibility() ? found.innerText : ''
      })()`),
    async type(selector, text) {
      await click(selector)
      await evaluate(`document.querySelector(${JSON.stringify(selector)}).select()`)
      await send('Input.insertText', { text })
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
