export type User = { id: string; email: string }

/** What the panel needs of a platform where users sign in. */
export type SignIn = {
  /** Tells who is signed in, soon and after each change; null where nobody is. */
  onUser: (changed: (user: User | null) => void) => void
  /** @throws SignInError */
  signIn: (email: string, password: string) => Promise<void>
  /**
   * Makes an account.
   * @returns whether the address must be confirmed before the account can be used
   * @throws SignInError
   */
  signUp: (email: string, password: string) => Promise<{ mustConfirm: boolean }>
  signOut: () => Promise<void>
  /**
   * The user's token, fresh enough to be used; null where nobody is signed in.
   * @param asked.forceRefresh for a new one even if the old one seems good
   */
  token: (asked: { forceRefresh: boolean }) => Promise<string | null>
}

/** Why somebody could not sign in. The message is for them. */
export class SignInError extends Error {
  override readonly name = 'SignInError'
}
