import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { accountOf, eventsOf, putOnPlan, tokenIn } from '../fixtures/browser/accounts.ts'
import { IN_A_BROWSER_MS, slowly } from '../fixtures/pace.ts'
import type { BidiPage } from './bidi-page.ts'
import { type Firefox, noFirefox, PANEL_IN_FIREFOX, startFirefox } from './firefox.ts'
import { answered, ask, growing, signUp, told } from './panel.ts'
import { serve } from './serve.ts'

const QUESTION = 'What is Twohop?'

describe.skipIf(noFirefox !== '')(`the extension in Firefox${noFirefox}`, () => {
  let firefox: Firefox
  /** In a tab, with somebody new signed in. */
  let panel: BidiPage
  // Anew for each try: what one has spent is gone for the next.
  beforeEach(async () => {
    firefox = await startFirefox(inject('built').firefoxLocal)
    panel = await firefox.open(PANEL_IN_FIREFOX)
    await signUp(panel)
  })
  afterEach(() => firefox?.stop())

  it('makes an account, streams an answer, stops one, and says plainly that the budget is used up', async () => {
    const account = await accountOf(await tokenIn(panel, 'supabase'))
    await ask(panel, QUESTION)
    const whole = await answered(panel)
    expect(whole).toMatch(/^Twohop .*\.$/s)
    const lengths = await panel.evaluate<number[]>('lengths')
    expect(new Set(lengths).size).toBeGreaterThan(15)
    const [event] = await eventsOf(account, 1)
    expect(event).toMatchObject({ outcome: 'ok', plan: 'free' })
    const left = new Intl.NumberFormat('en').format(200_000 - Number(event?.units))
    await panel.until(`document.querySelector('#day-left').textContent === '${left} of 200,000 units'`)

    await slowly(
      inject('pace'),
      async () => {
        await ask(panel, QUESTION)
        await growing(panel, 8)
        await panel.click('#stop')
        expect((await answered(panel)).length).toBeLessThan(whole.length)
        const [stopped] = await eventsOf(account, 2)
        expect(stopped?.outcome).toBe('cancelled')
        expect(Number(stopped?.output_tokens)).toBeLessThan(Number(event?.output_tokens))
      },
      IN_A_BROWSER_MS,
    )
    expect(await told(panel)).toBe('Stopped. Only what was written is paid for.')

    await putOnPlan(account, 'one-answer')
    await ask(panel, QUESTION)
    expect(await told(panel)).toMatch(/^Your budget is used up: what is left is too little for this\./)
    expect(await answered(panel)).toBe('')
    expect(await eventsOf(account, 2)).toHaveLength(2)
    expect(panel.errors).toEqual([])
  })

  it('takes what is selected on a page into the sidebar, by its button and by its menu', async () => {
    const { window } = firefox
    const sidebar = `browser.extension.getViews({ type: 'sidebar' })[0]?.document`
    const article = await firefox.open(
      await serve('<!doctype html><title>Article</title><p>Two hops\n are <span>safer</span> than one.</p>'),
    )
    await article.evaluate(`getSelection().selectAllChildren(document.querySelector('p'))`)

    await firefox.clickAction()
    await window.until('SidebarController.isOpen')
    await panel.until(`${sidebar}?.querySelector('#work').inert === false`)
    await panel.evaluate(`${sidebar}.querySelector('#take-selection').click()`)
    await panel.until(`${sidebar}.querySelector('#text').value === 'Two hops are safer than one.'`)

    // Of the two panels of this window, whichever is first takes the task.
    await window.evaluate('SidebarController.hide()')
    await article.evaluate(`getSelection().selectAllChildren(document.querySelector('span'))`)
    await article.openMenu('span')
    await firefox.chooseInMenu('Explain')
    await window.until('SidebarController.isOpen')
    await panel.until(`[document, ${sidebar}].some((each) => each?.querySelector('#text').value === 'safer')`)
    expect(panel.errors).toEqual([])
  })
})
