import { isMediaTask } from '../../shared/catalog.ts'
import { unfollowedDefaults } from '../decoding/sampling/settings.ts'
import { loadText } from '../device/load.ts'
import { type LoadRequest, SEEING } from '../device/port.ts'
import { describeMedia, describeSeeing } from '../media/describe.ts'
import { answerParent } from '../platform/child-process.ts'
import { measureOverhead } from '../weights/overhead.ts'
import type { DescribeAnswer } from './description.ts'

/** The body of a child process: see describe.ts. */
answerParent(
  async (request: Parameters<typeof loadText>[0] & Pick<LoadRequest, 'task'>): Promise<DescribeAnswer> => {
    try {
      if (isMediaTask(request.task)) {
        const described = await describeMedia(request.task, request)
        return { ...described, overhead: { request: 0, item: 0 }, unfollowed: [] }
      }
      if (request.task === SEEING) return { ...(await describeSeeing(request)), unfollowed: [] }
      const { tokenizer, defaults, context } = await loadText(request)
      return { context, overhead: measureOverhead(tokenizer), unfollowed: unfollowedDefaults(defaults) }
    } catch (error) {
      return { failure: error instanceof Error ? error.message : String(error) }
    }
  },
)
