import { describe, expect, it } from 'vitest'
import { CLAIM_JOB } from '../../../../inference-host/jobs/claim.lua.ts'
import { END_JOB } from '../../../../inference-host/jobs/end.lua.ts'
import { RELEASE_JOB } from '../../../../inference-host/jobs/release.lua.ts'
import { REPORT_JOB } from '../../../../inference-host/jobs/report.lua.ts'

const NAMED = /\btwohop[\w:-]*/g

describe.each([CLAIM_JOB, REPORT_JOB, END_JOB, RELEASE_JOB])('the script $name of hosts', ({ lua }) => {
  it('names no key but those of jobs, which are all that the user of a host may touch', () => {
    for (const [key] of lua.matchAll(NAMED)) expect(key).toMatch(/^twohop:job/)
  })
})

it('is in the text of a script where it is named by it', () => {
  expect(END_JOB.lua.match(NAMED)).toContain('twohop:jobs-ended')
})
