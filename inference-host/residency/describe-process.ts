import { unfollowedDefaults } from '../decoding/sampling/settings.ts'
import { loadText } from '../device/load.ts'
import { answerParent } from '../platform/child-process.ts'
import { measureOverhead } from '../weights/overhead.ts'
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
