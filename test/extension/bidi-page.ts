import type { Connection } from '../fixtures/browser/connection.ts'
import { asAPerson, type Person } from '../fixtures/browser/person.ts'

/** A page of a browser that speaks WebDriver BiDi, or the window around its pages. */
export type BidiPage = Person & {
  go: (url: string) => Promise<void>
  /** Opens the menu of the mouse's other button over an element. */
  openMenu: (selector: string) => Promise<void>
}

type Evaluated =
  | { type: 'success'; result: { value?: string } }
  | { type: 'exception'; exceptionDetails: { text: string } }

/** Buttons of a mouse, as DOM events number them. */
const MAIN = 0
const OTHER = 2

/** @param context id of the page among the browser's contexts */
export function bidiPage(bidi: Connection, context: string): BidiPage {
  const errors: string[] = []
  bidi.on('log.entryAdded', (entry) => {
    const { level, source } = entry as { level: string; source: { context?: string } }
    if (level === 'error' && source.context === context) errors.push(JSON.stringify(entry))
  })

  async function evaluate<T>(expression: string): Promise<T> {
    const evaluated = (await bidi.send('script.evaluate', {
      // As JSON: BiDi has a form of its own for values.
      expression: `(async () => JSON.stringify(await (${expression})))()`,
      target: { context },
      awaitPromise: true,
      userActivation: true,
    })) as Evaluated
    if (evaluated.type === 'exception') throw new Error(evaluated.exceptionDetails.text)
    return JSON.parse(evaluated.result.value ?? 'null') as T
  }
  const perform = (type: string, actions: object[]) =>
    bidi.send('input.performActions', { context, actions: [{ type, id: type, actions }] })
  async function press(x: number, y: number, button = MAIN): Promise<void> {
    const move = { type: 'pointerMove', x: Math.round(x), y: Math.round(y) }
    await perform('pointer', [move, { type: 'pointerDown', button }, { type: 'pointerUp', button }])
  }
  const person = asAPerson({
    evaluate,
    press: (x, y) => press(x, y),
    async write(text) {
      const keys = [...text].flatMap((value) => [
        { type: 'keyDown', value },
        { type: 'keyUp', value },
      ])
      await perform('key', keys)
    },
  })
  return {
    ...person,
    errors,
    go: async (url) => void (await bidi.send('browsingContext.navigate', { context, url, wait: 'complete' })),
    async openMenu(selector) {
      const { x, y } = await person.placeOf(selector)
      await press(x, y, OTHER)
    },
  }
}
