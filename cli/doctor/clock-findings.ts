import { CLOCK_TOLERANCE } from '../../inference-host/admission/jwt.ts'
import { type Finding, fine, ill, warning } from './finding.ts'

/** By how many milliseconds each part's clock is ahead of this machine's. */
export type Clocks = ReadonlyMap<string, number>

/** What HTTP's whole seconds and the way there may hide. */
const UNSEEN_MS = 2000

/**
 * Whether the parts' clocks agree, with each other and with this machine's. Redis decides in which window something is
 * spent, and the host for how long a token of the edge is good.
 */
export function clockFindings(clocks: Clocks): Finding[] {
  if (clocks.size === 0) return []
  const all = [...clocks, ['this machine', 0] as const].sort(([, a], [, b]) => a - b)
  const [[slow, least], [fast, most]] = [all[0] ?? ['', 0], all.at(-1) ?? ['', 0]]
  const apart = most - least
  const names = [...clocks.keys()].join(', ')
  if (apart <= UNSEEN_MS) return [fine('clocks', `those of ${names} agree with this machine's`)]
  const detail = `that of ${fast} is ${(apart / 1000).toFixed(0)} s ahead of that of ${slow}`
  const mend = 'timedatectl set-ntp true   # on the machine that is wrong'
  return apart > CLOCK_TOLERANCE * 1000
    ? [
        ill(
          'clocks',
          `${detail}: beyond ${CLOCK_TOLERANCE} s the host refuses the edge's tokens, and windows of budgets begin at the wrong time`,
          mend,
        ),
      ]
    : [warning('clocks', detail, mend)]
}
