import { expect, it } from 'vitest'
import { blocks } from '../../fixtures/commands/blocks.ts'
import { commandsOf } from '../../fixtures/commands/split.ts'
import { createTyping, wordsOf } from '../../fixtures/commands/typed.ts'
import { twohop } from '../../fixtures/twohop-command.ts'

const ofPage = blocks.filter(({ page }) => page === 'docs/price.md')
const commands = ofPage.filter(({ language }) => language === 'sh').flatMap(({ text }) => commandsOf(text))
const printed = ofPage.find(({ language }) => language === '')?.text ?? ''

const { typed, untyped } = createTyping(import.meta.filename)
const type = (command: string) => typed(command, {}, (text) => twohop(...wordsOf(text).slice(2)))

it.each(commands)('docs/price.md: %s prints prices and budgets', async (command) => {
  const { code, out, err } = await type(command)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toMatch(/^ *"prices": \{/m)
  expect(out).toMatch(/^ *"budgets": \{/m)
})

it('and what the page shows is what one of them prints', async () => {
  const command = commands.find((one) => one.includes('--cached')) ?? ''
  const { out } = await type(command)
  const bare = (text: string) => text.replaceAll(/\s/g, '')
  expect(printed).not.toBe('')
  for (const line of printed.trim().split('\n')) expect(bare(out)).toContain(bare(line))
})

it('types what it is listed for', () => expect(untyped()).toEqual([]))
