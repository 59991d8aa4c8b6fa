import * as z from 'zod'

/** What `npm audit --json` prints (report version 2); the rest of it is not read. */
const Report = z.object({
  auditReportVersion: z.literal(2),
  vulnerabilities: z.record(
    z.string(),
    z.object({
      severity: z.string(),
      // A name is of another package in this list, whose own advisory is the reason.
      via: z.array(z.union([z.string(), z.object({ url: z.string(), title: z.string() })])),
    }),
  ),
})

/** Advisories that do no harm here: their address, why not, and until when that is believed (a day). */
export const Exceptions = z.array(
  z.strictObject({ url: z.url(), why: z.string().min(20), until: z.iso.date() }),
)
export type Exceptions = z.infer<typeof Exceptions>

export type Finding = { package: string; severity: string; title: string; url: string }

/**
 * The advisories of a report that no exception explains.
 * @param today a day, such as `2026-11-29`; an exception ends with its own
 * @throws Error where it is no report, such as of a registry that has none to give
 */
export function unexplained(report: unknown, exceptions: Exceptions, today: string): Finding[] {
  const parsed = Report.safeParse(report)
  if (!parsed.success) throw new Error('npm audit gave no report; the registry may have none')
  const explained = new Set(exceptions.filter(({ until }) => until >= today).map(({ url }) => url))
  return Object.entries(parsed.data.vulnerabilities).flatMap(([name, { severity, via }]) =>
    via.flatMap((one) =>
      typeof one === 'string' || explained.has(one.url) ? [] : [{ package: name, severity, ...one }],
    ),
  )
}
