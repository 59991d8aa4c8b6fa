import { createRequireApp, type RequireApp } from '../app-check/gate.ts'
import { createGoogleAppCheck } from '../app-check/google.ts'
import type { JwksCacheOptions } from '../identity/jwks.ts'
import { Complaint } from './complaint.ts'
import type { edgeConfig } from './config.ts'
import { NotConfigured } from './not-configured.ts'
import type { Platform } from './platform.ts'

type Config = Pick<
  ReturnType<typeof edgeConfig>,
  'APP_CHECK' | 'APP_CHECK_CONSUME' | 'APP_CHECK_PROJECTS' | 'APP_CHECK_URL' | 'FIREBASE_SERVICE_ACCOUNTS'
>

/**
 * What asks for App Check tokens, as APP_CHECK says; undefined where no route does.
 * @throws NotConfigured that names each variable which it lacks
 */
export function requireAppOf(
  {
    APP_CHECK: checked,
    APP_CHECK_CONSUME: consumed,
    APP_CHECK_PROJECTS: projects = [],
    APP_CHECK_URL: url,
    FIREBASE_SERVICE_ACCOUNTS: accounts = [],
  }: Config,
  { appCheck: own }: Pick<Platform, 'appCheck'>,
  means: JwksCacheOptions,
): RequireApp | undefined {
  const wrong = (variable: string, rule: string) => new Complaint('wrong', variable, rule)
  const complaints = [...consumed]
    .filter((route) => !checked.has(route))
    .map((route) => wrong('APP_CHECK_CONSUME', `${route} is not among what APP_CHECK guards`))
  if (checked.size > 0 && !own && projects.length === 0)
    complaints.push(
      wrong('APP_CHECK', 'needs APP_CHECK_PROJECTS, the numbers of the projects whose apps are let in'),
    )
  if (consumed.size > 0 && !own && accounts.length === 0)
    complaints.push(
      wrong(
        'APP_CHECK_CONSUME',
        'needs FIREBASE_SERVICE_ACCOUNTS, with which Google is told that a token is used up',
      ),
    )
  if (complaints.length > 0) throw new NotConfigured(complaints)
  if (checked.size === 0) return undefined
  return createRequireApp({
    appCheck: own ?? createGoogleAppCheck({ url, projects, accounts, ...means }),
    checked,
    consumed,
  })
}
