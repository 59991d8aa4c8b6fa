import { TwohopError } from '../../shared/errors.ts'
import type { AppCheck } from './port.ts'

/** The header in which Firebase's SDKs send the token. */
const HEADER = 'x-firebase-appcheck'

type Options = {
  appCheck: AppCheck
  /** Routes that only a genuine app may call, by method and path. */
  checked: ReadonlySet<string>
  /** Those of them whose tokens are good for one call. */
  consumed: ReadonlySet<string>
}

/** Lets a request pass to its route. @throws TwohopError app_check_required, or as AppCheck does */
export type RequireApp = (route: string, headers: Headers) => Promise<void>

export function createRequireApp({ appCheck, checked, consumed }: Options): RequireApp {
  return async function requireApp(route, headers) {
    if (!checked.has(route)) return
    const token = headers.get(HEADER)
    if (!token)
      throw new TwohopError(
        'app_check_required',
        'This route is for the app itself: send its App Check token in the header `X-Firebase-AppCheck`.',
        { param: HEADER },
      )
    await (consumed.has(route) ? appCheck.consume(token) : appCheck.verify(token))
  }
}
