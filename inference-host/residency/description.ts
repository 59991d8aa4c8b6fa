import type { ModelInfo } from '../work/engine.ts'

/** What a model's files say of its text. `unfollowed` are entries of its generation config that no batch follows. */
export type Description = Pick<ModelInfo, 'context' | 'overhead' | 'imageTokens' | 'imagePatches'> & {
  unfollowed: string[]
}

/** What the child process that reads them answers. */
export type DescribeAnswer = Description | { failure: string }
