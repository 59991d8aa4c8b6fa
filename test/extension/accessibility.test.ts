import { describe, expect, it } from 'vitest'
import { noChromium } from '../fixtures/browser/chromium.ts'
import type { Page } from '../fixtures/browser/page.ts'
import { answered, ask, openPanel, signUp } from './panel.ts'

type Node = { role?: { value: string }; name?: { value: string }; ignored: boolean }

/** What assistive technology reaches, as `role: name`. */
async function controls(panel: Page): Promise<string[]> {
  const { nodes } = await panel.send('Accessibility.getFullAXTree')
  return (nodes as Node[])
    .filter(({ ignored, role }) => !ignored && /^(button|textbox|combobox|meter)$/.test(role?.value ?? ''))
    .map(({ role, name }) => `${role?.value}: ${name?.value ?? ''}`)
}

/** The lowest contrast of a text with what is behind it (WCAG 2.2, relative luminance), in one of the two schemes. */
async function lowestContrast(panel: Page, scheme: 'light' | 'dark'): Promise<number> {
  await panel.send('Emulation.setEmulatedMedia', {
    features: [{ name: 'prefers-color-scheme', value: scheme }],
  })
  return panel.evaluate<number>(`(() => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d')
    const luminance = (colour) => {
      canvas.fillStyle = colour
      canvas.fillRect(0, 0, 1, 1)
      const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((byte) => {
        const part = byte / 255
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const behind = (element) => {
      const { backgroundColor } = getComputedStyle(element)
      return backgroundColor !== 'rgba(0, 0, 0, 0)' ? backgroundColor : behind(element.parentElement)
    }
    const own = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
    const seen = [...document.body.querySelectorAll('*')].filter(
      (element) => element.checkVisibility() && own(element) && !element.disabled)
    return Math.min(...seen.map((element) => {
      const [high, low] = [luminance(getComputedStyle(element).color), luminance(behind(element))].sort((a, b) => b - a)
      return (high + 0.05) / (low + 0.05)
    }))
  })()`)
}

/** What has the focus after each of so many presses of the Tab key. */
async function tabbedThrough(panel: Page, presses: number): Promise<string[]> {
  const reached: string[] = []
  for (let press = 0; press < presses; press++) {
    await panel.press('Tab')
    reached.push(
      await panel.evaluate(
        `document.activeElement.id || document.activeElement.value || document.activeElement.textContent`,
      ),
    )
  }
  return reached
}

describe.skipIf(noChromium !== '')(`the panel for everybody${noChromium}`, () => {
  it('names each control, is used by keyboard, and can be read in light and dark', async () => {
    const { panel } = await openPanel('supabase')
    expect(await controls(panel)).toEqual([
      'textbox: E-mail',
      'textbox: Password',
      'button: Sign in',
      'button: Make an account',
    ])
    expect(await tabbedThrough(panel, 4)).toEqual(['sign-in-email', 'sign-in-password', 'sign-in', 'sign-up'])
    await signUp(panel)
    await ask(panel, 'What is Twohop?')
    await answered(panel)
    const named = await controls(panel)
    expect(named).toEqual(
      expect.arrayContaining(['textbox: Text', 'textbox: Question', 'button: Summarize', 'meter: Today']),
    )
    expect(named.filter((control) => /: $/.test(control))).toEqual([])
    for (const scheme of ['light', 'dark'] as const)
      expect(await lowestContrast(panel, scheme)).toBeGreaterThanOrEqual(4.5)
    expect(
      await panel.evaluate(`[...document.querySelectorAll('[aria-live], [role=alert]')].map(({ id }) => id)`),
    ).toEqual(['sign-in-told', 'text-told', 'answer', 'answer-told'])
  })
})
