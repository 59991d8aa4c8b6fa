import { keyForm } from '../../fixtures/api-key-form.ts'
import type { Attack, World } from './world.ts'

const attack = (
  what: string,
  code: Attack['code'],
  headers: (world: World) => Record<string, string> | Promise<Record<string, string>>,
): Attack => ({ what, code, status: 401, send: async (world) => ({ headers: await headers(world) }) })
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

/** API keys that are none, and credentials where none belongs. */
export const CREDENTIALS: readonly Attack[] = [
  attack('no credential', 'token_missing', () => ({})),
  attack('another scheme', 'token_missing', () => ({ authorization: 'Basic ZXZlOmV2ZQ==' })),
  attack('a scheme and nothing', 'token_malformed', () => ({ authorization: 'Bearer' })),
  attack('a token without its scheme', 'token_missing', ({ eve }) => ({ authorization: eve })),
  attack('two tokens in one header', 'token_malformed', ({ eve, victim }) =>
    bearer(`${eve}, Bearer ${victim}`),
  ),
  {
    what: 'a token in the query',
    code: 'token_missing',
    status: 401,
    send: ({ eve }) => ({ path: `/v1/usage?access_token=${eve}` }),
  },
  attack('a token in a cookie', 'token_missing', ({ eve }) => ({ cookie: `token=${eve}` })),
  attack("another API's header", 'token_missing', ({ eve }) => ({ 'x-api-key': eve })),
  ...['x-forwarded-user', 'x-user-id', 'x-account', 'cf-access-jwt-assertion', 'x-twohop-account'].map(
    (name) =>
      attack(`who says by ${name} who he is`, 'token_missing', ({ victimAccount }) => ({
        [name]: victimAccount,
      })),
  ),
  attack('a key with another sum', 'key_invalid', ({ key }) => bearer(flipped(key.key, -1))),
  attack('a key with another secret', 'key_invalid', ({ key }) => bearer(flipped(key.key, 40))),
  attack('a part of a key', 'key_invalid', ({ key }) => bearer(key.key.slice(0, -1))),
  attack('more than a key', 'key_invalid', ({ key }) => bearer(`${key.key}0`)),
  attack("a key's id alone", 'token_malformed', ({ key }) => bearer(key.id)),
  attack("a key of another deployment's", 'key_invalid', async () => bearer((await keyForm.make()).key)),
  attack('a key that was revoked', 'key_revoked', ({ revoked }) => bearer(revoked)),
]

/** `key` with another digit at a place. */
function flipped(key: string, place: number): string {
  const at = place < 0 ? key.length + place : place
  return `${key.slice(0, at)}${key[at] === 'x' ? 'y' : 'x'}${key.slice(at + 1)}`
}
