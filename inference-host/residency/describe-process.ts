import { answerParent } from '../child-process.ts'
import { loadText } from '../device/load.ts'
import { measureOverhead } from '../models/overhead.ts'
import { unfollowedDefaults } from '../sampling/settings.ts'
import type { DescribeAnswer } from './describe.ts'

/** The body of a child process: see describe.ts. */
answerParent(async (request: Parameters<typeof loadText>[0]): Promise<DescribeAnswer> => {
  try {
    const { tokenizer, defaults, context } = await loadText(request)
    return { context, overhead: measureOverhead(tokenizer), unfollowed: unfollowedDefaults(defaults) }
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) }
  }
})
