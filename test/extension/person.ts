import { tick } from './tick.ts'

/** A page, used as a person would: by the mouse and the keyboard, and by looking. */
export type Person = Eyes & {
  /** Asks again until the expression is truthy. */
  until: <T>(expression: string) => Promise<T>
  /** The text that a person sees in an element, '' where it is hidden. */
  text: (selector: string) => Promise<string>
  /** The middle of an element once it can be pressed, in CSS pixels of the viewport. */
  placeOf: (selector: string) => Promise<{ x: number; y: number }>
  click: (selector: string) => Promise<void>
  /** Replaces what stands in a field. */
  type: (selector: string, text: string) => Promise<void>
  /** What went wrong there: exceptions, and errors of the console, such as what the content security policy refused. */
  errors: readonly string[]
}

type Eyes = {
  /** What an expression is there, once it is a promise no more. @throws Error with what it threw */
  evaluate: <T>(expression: string) => Promise<T>
}

/** What each browser has its own calls for. */
type Hands = Eyes & {
  /** Presses the main button of the mouse, at CSS pixels of the viewport. */
  press: (x: number, y: number) => Promise<void>
  /** Writes where the focus is, in place of what is selected. */
  write: (text: string) => Promise<void>
}

/** As long as a busy machine takes to load a page. */
const UNREADY_MS = 20_000

export function asAPerson({ evaluate, press, write }: Hands): Omit<Person, 'errors'> {
  async function until<T>(expression: string): Promise<T> {
    let failing: number | undefined
    for (;;) {
      try {
        const value = await evaluate<T>(expression)
        if (value) return value
        failing = undefined
      } catch (error) {
        // A page that has just been opened may not have what is looked at yet, and one that is left has nothing.
        failing ??= performance.now()
        if (performance.now() - failing > UNREADY_MS) throw error
      }
      await tick()
    }
  }
  const placeOf = (selector: string) =>
    until<{ x: number; y: number }>(`(() => {
      const found = document.querySelector(${JSON.stringify(selector)})
      if (!found?.checkVisibility() || found.disabled || found.closest('[inert]')) return
      found.scrollIntoView({ block: 'center', behavior: 'instant' })
      const { x, y, width, height } = found.getBoundingClientRect()
      return { x: x + width / 2, y: y + height / 2 }
    })()`)
  async function click(selector: string): Promise<void> {
    const { x, y } = await placeOf(selector)
    await press(x, y)
  }
  return {
    evaluate,
    until,
    placeOf,
    click,
    text: (selector) =>
      evaluate(`(() => {
        const found = document.querySelector(${JSON.stringify(selector)})
        return found?.checkVisibility() ? found.innerText : ''
      })()`),
    async type(selector, text) {
      await click(selector)
      await evaluate(`document.querySelector(${JSON.stringify(selector)}).select()`)
      await write(text)
    },
  }
}
