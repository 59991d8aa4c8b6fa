import { describe, expect, it } from 'vitest'
import {
  accountOf,
  eventsOf,
  expiredToken,
  newAddress,
  type Platform,
  putToken,
  tokenIn,
} from '../fixtures/browser/accounts.ts'
import { noChromium } from '../fixtures/browser/chromium.ts'
import {
  answered,
  ask,
  keepPicture,
  openPanel,
  PANEL,
  PASSWORD,
  ready,
  signInAs,
  signUp,
  told,
} from './panel.ts'

const WHOLE = /^Twohop .*\.$/s

describe.skipIf(noChromium !== '').each<Platform>(['supabase', 'firebase'])(
  `the extension with %s${noChromium}`,
  (platform) => {
    it('makes an account, streams an answer piece by piece, and says what is left', async ({ task }) => {
      const { panel } = await openPanel(platform)
      await keepPicture(panel, 'sign-in')
      // The pictures show the first one; whoever tries again finds it taken.
      const again = (task.result?.retryCount ?? 0) + (task.result?.repeatCount ?? 0) > 0
      const email = await signUp(panel, again ? newAddress() : `${platform}-user@example.com`)
      expect(await panel.text('#email')).toBe(email)
      expect(await panel.text('#day-left')).toBe('200,000 of 200,000 units')
      await ask(panel, 'What is Twohop?')
      expect(await answered(panel)).toMatch(WHOLE)
      const lengths = await panel.evaluate<number[]>('lengths')
      // Nothing, then more each time: some 40 tokens.
      expect(new Set(lengths).size).toBeGreaterThan(15)
      expect(lengths).toEqual([...lengths].sort((a, b) => a - b))
      const account = await accountOf(await tokenIn(panel, platform))
      expect(account.startsWith(`${platform}:`)).toBe(true)
      const [event] = await eventsOf(account, 1)
      expect(event).toMatchObject({ outcome: 'ok', plan: 'free' })
      const left = `${new Intl.NumberFormat('en').format(200_000 - Number(event?.units))} of 200,000 units`
      await panel.until(`document.querySelector('#day-left').textContent === '${left}'`)
      await keepPicture(panel, `answer-${platform}`)
      expect(panel.errors).toEqual([])
    })

    it('keeps who is signed in, and says so plainly when an address or a password is wrong', async () => {
      const { panel } = await openPanel(platform)
      const email = newAddress()
      await signInAs(panel, email, PASSWORD)
      expect(await told(panel, '#sign-in-told')).toBe('No account has this e-mail address and password.')
      await signUp(panel, email)
      await panel.go(`${PANEL}?again`)
      await ready(panel)
      await panel.click('#sign-out')
      await panel.until(`document.querySelector('#signed-in').hidden`)
      expect(await panel.text('#email')).toBe('')
      await panel.go(PANEL)
      await panel.until(`!document.querySelector('#signed-out').hidden`)
      await signInAs(panel, email, 'another-password')
      expect(await told(panel, '#sign-in-told')).toBe('No account has this e-mail address and password.')
      await signInAs(panel, email, PASSWORD, 'sign-up')
      await panel.until(
        `document.querySelector('#sign-in-told').textContent.startsWith('There is an account')`,
      )
      await panel.type('#sign-in-password', PASSWORD)
      await panel.press('Enter')
      await ready(panel)
    })

    it('goes on with a fresh token when the edge finds that the old one has expired', async () => {
      const { panel } = await openPanel(platform)
      await signUp(panel)
      const first = await tokenIn(panel, platform)
      const account = await accountOf(first)
      const expired = await expiredToken(first, platform)
      await panel.watchAnswers()
      await putToken(panel, platform, expired)
      // Firebase's SDK looks for changes of what it keeps once in a while.
      const refused = () => panel.answers.findIndex((answer) => answer.startsWith('401 '))
      while (refused() === -1) {
        await ask(panel, 'What is Twohop?')
        expect(await answered(panel)).toMatch(WHOLE)
      }
      // The same once more, and then with a token that holds.
      const again = panel.answers[refused()]?.replace('401', '200')
      await expect.poll(() => panel.answers.slice(refused() + 1)).toContain(again)
      expect(await tokenIn(panel, platform)).not.toBe(expired)
      expect((await eventsOf(account, 1)).map(({ outcome }) => outcome)).not.toContain('cancelled')
    })
  },
)
