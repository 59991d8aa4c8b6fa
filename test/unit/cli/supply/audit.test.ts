import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Exceptions, unexplained } from '../../../../cli/supply/audit.ts'
import { ROOT } from '../../../fixtures/pages.ts'

const advisory = (id: string) => ({ url: `https://github.com/advisories/${id}`, title: `Harm ${id}` })
const report = {
  auditReportVersion: 2,
  vulnerabilities: {
    a: { severity: 'high', via: [{ ...advisory('GHSA-1'), source: 1 }, 'b'] },
    b: { severity: 'low', via: [advisory('GHSA-2')] },
  },
}
const why = 'it is only reached by a build, from our own text'

it('names each advisory once, with its package', () => {
  expect(unexplained(report, [], '2026-11-29').map((one) => `${one.package} ${one.title}`)).toEqual([
    'a Harm GHSA-1',
    'b Harm GHSA-2',
  ])
})

it('leaves out what is explained, until the day on which that ends', () => {
  const exceptions = [{ url: advisory('GHSA-1').url, why, until: '2026-11-29' }]
  expect(unexplained(report, exceptions, '2026-11-29')).toHaveLength(1)
  expect(unexplained(report, exceptions, '2026-11-30')).toHaveLength(2)
})

it('takes an error of the registry for no clean report', () => {
  expect(() => unexplained({ message: '405 Method Not Allowed' }, [], '2026-11-29')).toThrow('no report')
  expect(unexplained({ auditReportVersion: 2, vulnerabilities: {} }, [], '2026-11-29')).toEqual([])
})

it('.github/audit.json has the form of exceptions, and docs/security.md says whether there are some', () => {
  const exceptions = Exceptions.parse(JSON.parse(readFileSync(join(ROOT, '.github/audit.json'), 'utf8')))
  const page = readFileSync(join(ROOT, 'docs/security.md'), 'utf8')
  expect(page.includes('It has none today.')).toBe(exceptions.length === 0)
})
