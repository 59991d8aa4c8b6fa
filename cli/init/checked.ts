import { readVariables } from '../../edge/runtime/read-variables.ts'
import { EDGE_VARIABLES } from '../../edge/runtime/variables.ts'
import { CliError } from '../context.ts'

type Checked =
  | 'FIREBASE_PROJECT_IDS'
  | 'SUPABASE_URLS'
  | 'ALLOWED_ORIGINS'
  | 'UPSTASH_REDIS_REST_URL'
  | 'HOST_URL'

/**
 * Values by the edge's own rules for the variable that they go into.
 * @throws CliError usage with what is wrong
 */
export function checked(flag: string, name: Checked, values: string[]): string[] {
  const { complaints } = readVariables({ [name]: EDGE_VARIABLES[name] }, { [name]: values.join(',') })
  if (complaints.length > 0)
    throw new CliError('usage', complaints.map(({ rule }) => `${flag}: ${rule}`).join('; '))
  return values
}

/** Origins; an extension's id alone is that of Chrome. @throws CliError usage */
export function originsOf(values: string[]): string[] {
  const full = values.map((value) => (/^[a-p]{32}$/.test(value) ? `chrome-extension://${value}` : value))
  return checked('--origin', 'ALLOWED_ORIGINS', full)
}
