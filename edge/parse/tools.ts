import { TwohopError } from '../../shared/errors.ts'
import type { AskedToolChoice, Tool, ToolChoice } from '../../shared/openai/structure.ts'

type Asked = { tools?: Tool[] | undefined; tool_choice?: AskedToolChoice | undefined }

/**
 * The tools that an answer may call, and how. `allowed_tools` is the same request with fewer tools; an empty list of tools
 * is none.
 * @throws TwohopError invalid_request where a tool is allowed that is not offered
 */
export function offered({ tools, tool_choice: choice }: Asked): { tools?: Tool[]; tool_choice?: ToolChoice } {
  const given = tools && tools.length > 0 ? { tools } : {}
  if (choice === undefined) return given
  if (typeof choice === 'string' || choice.type === 'function') return { ...given, tool_choice: choice }
  const { mode, tools: named } = choice.allowed_tools
  const allowed = named.map((tool) => tool.function.name)
  const offers = tools?.map((tool) => tool.function.name) ?? []
  const missing = allowed.findIndex((name) => !offers.includes(name))
  if (missing >= 0)
    throw new TwohopError('invalid_request', 'Expected the name of one of the tools, found another name.', {
      param: `tool_choice.allowed_tools.tools[${missing}].function.name`,
    })
  return { tools: tools?.filter((tool) => allowed.includes(tool.function.name)) ?? [], tool_choice: mode }
}
