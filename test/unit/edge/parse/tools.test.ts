import { describe, expect, it } from 'vitest'
import { offered } from '../../../../edge/parse/tools.ts'
import type { Tool } from '../../../../shared/openai/structure.ts'
import { refusal } from '../../../fixtures/entitled.ts'

const tool = (name: string): Tool => ({ type: 'function', function: { name } })
const tools = [tool('look'), tool('write'), tool('send')]
const named = (name: string) => ({ type: 'function' as const, function: { name } })
const only = (mode: 'auto' | 'required', ...names: string[]) => ({
  type: 'allowed_tools' as const,
  allowed_tools: { mode, tools: names.map(named) },
})

describe('the tools that are offered', () => {
  it('are those of the request, and the choice is as it was', () => {
    expect(offered({})).toEqual({})
    expect(offered({ tools })).toEqual({ tools })
    expect(offered({ tools, tool_choice: 'none' })).toEqual({ tools, tool_choice: 'none' })
    expect(offered({ tools, tool_choice: named('look') })).toEqual({ tools, tool_choice: named('look') })
  })

  it('are none where the list is empty', () => {
    expect(offered({ tools: [] })).toEqual({})
    expect(offered({ tools: [], tool_choice: 'auto' })).toEqual({ tool_choice: 'auto' })
  })

  it('are those that are allowed, with the mode as the choice', () => {
    expect(offered({ tools, tool_choice: only('required', 'send', 'look') })).toEqual({
      tools: [tool('look'), tool('send')],
      tool_choice: 'required',
    })
    expect(offered({ tools, tool_choice: only('auto', 'write') })).toEqual({
      tools: [tool('write')],
      tool_choice: 'auto',
    })
  })

  it.each([[tools], [[]], [undefined]])('are refused where one is allowed that is not there: %o', (given) => {
    expect(
      refusal(() =>
        offered({ tools: given, tool_choice: only('auto', ...(given?.length ? ['look'] : []), 'other') }),
      ),
    ).toEqual(['invalid_request', `tool_choice.allowed_tools.tools[${given?.length ? 1 : 0}].function.name`])
  })
})
