/**
 * Whether a token of Firebase App Check says that a genuine app asks
 * (firebase.google.com/docs/app-check/custom-resource-backend). Both refuse with TwohopError app_check_invalid, and with
 * keys_unavailable where Google cannot be asked.
 */
export type AppCheck = {
  verify(token: string): Promise<void>
  /** Verifies, and uses the token up: it is refused from the second time on. A call to Google each. */
  consume(token: string): Promise<void>
}
