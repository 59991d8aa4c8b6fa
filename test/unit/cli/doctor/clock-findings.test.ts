import { describe, expect, it } from 'vitest'
import { clockFindings } from '../../../../cli/doctor/clock-findings.ts'

const of = (clocks: Record<string, number>) => clockFindings(new Map(Object.entries(clocks)))

describe('clocks', () => {
  it('agree within what HTTP can tell', () => {
    expect(of({ edge: 1000, redis: -1000 })).toMatchObject([{ ok: true }])
    expect(of({ edge: 1000, redis: -1000 })[0]?.warns).toBeUndefined()
    expect(of({})).toEqual([])
  })

  it('are a warning where they differ by more, and an illness beyond what the host lets pass', () => {
    expect(of({ edge: 3000, host: 0 })).toMatchObject([{ ok: true, warns: true }])
    expect(of({ edge: 3000, host: -2001 })).toMatchObject([
      { ok: false, detail: expect.stringMatching(/^that of edge is 5 s ahead of that of host/) },
    ])
  })

  it('may be wrong on this machine alone', () => {
    expect(of({ edge: -60_000, redis: -60_000 })).toMatchObject([
      { ok: false, detail: expect.stringMatching(/^that of this machine is 60 s ahead/) },
    ])
  })
})
