import { join } from 'node:path'
import { inject } from 'vitest'
import { newAddress, type Platform } from '../fixtures/browser/accounts.ts'
import { type Chromium, startChromium } from '../fixtures/browser/chromium.ts'
import type { Page } from '../fixtures/browser/page.ts'
import type { Person } from '../fixtures/browser/person.ts'

/** Of the key in examples/extension/wxt.config.ts. */
export const LOCAL_ID = 'bgbohmlfabkbjagobpphigdlfkkjeajd'
export const PANEL = `chrome-extension://${LOCAL_ID}/sidepanel.html`
export const PASSWORD = 'correct-horse-battery'

/** A Chromium with the extension, whose panel is open in a tab. */
export async function openPanel(platform: Platform): Promise<{ chromium: Chromium; panel: Page }> {
  const chromium = await startChromium(inject('built')[platform])
  return { chromium, panel: await panelIn(chromium) }
}

export async function panelIn(chromium: Chromium): Promise<Page> {
  const panel = await chromium.open(PANEL)
  await panel.until(`document.querySelector('main:not([hidden])')`)
  return panel
}

export async function signInAs(
  panel: Person,
  email: string,
  password: string,
  how: 'sign-in' | 'sign-up' = 'sign-in',
) {
  await panel.type('#sign-in-email', email)
  await panel.type('#sign-in-password', password)
  await panel.click(`#sign-in button[value=${how}]`)
}

/** Signs somebody up whom nobody has seen before. @returns the address */
export async function signUp(panel: Person, email = newAddress()): Promise<string> {
  await signInAs(panel, email, PASSWORD, 'sign-up')
  await ready(panel)
  return email
}

/** Until somebody is signed in and knows what is left. */
export const ready = (panel: Person) =>
  panel.until(`!document.querySelector('#budget').hidden && document.querySelector('#email').textContent`)

/** Asks, and notes in the page how long the answer is each time that it grows. */
export async function ask(panel: Person, question: string): Promise<void> {
  await panel.evaluate(`(() => {
    const answer = document.querySelector('#answer')
    globalThis.lengths = []
    const look = () => lengths.push(answer.textContent.length)
    globalThis.looking?.disconnect()
    globalThis.looking = new MutationObserver(look)
    looking.observe(answer, { childList: true, subtree: true, characterData: true })
  })()`)
  await panel.type('#question', question)
  await panel.click('#ask button')
}

/** Until the answer has so many characters and is still growing. */
export const growing = (panel: Person, characters: number) =>
  panel.until(`document.querySelector('#answer').ariaBusy === 'true' &&
    document.querySelector('#answer').textContent.length >= ${characters}`)

/** Until the answer is whole, stopped or refused. @returns what stands there then */
export async function answered(panel: Person): Promise<string> {
  await panel.until(`document.querySelector('#answer').ariaBusy === 'false'`)
  return panel.text('#answer')
}

/** Until the panel tells something in this place. */
export const told = (panel: Person, where = '#answer-told') =>
  panel.until<string>(`document.querySelector('${where}').textContent.trim()`)

/**
 * Keeps a picture of the panel, of about the size that side panels have, in `.local/screenshots`. With
 * REFRESH_SCREENSHOTS=1 it takes the place of the one that the repository has.
 */
export async function keepPicture(panel: Page, name: string, look: { dark?: boolean; height?: number } = {}) {
  const folder = process.env.REFRESH_SCREENSHOTS === '1' ? SCREENSHOTS : '.local/screenshots'
  await panel.screenshot(join(ROOT, folder, `${name}.webp`), { width: 400, height: 700, ...look })
}

const ROOT = join(import.meta.dirname, '../..')
export const SCREENSHOTS = 'examples/extension/screenshots'
