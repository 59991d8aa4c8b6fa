import { config } from '../../src/chosen-config.ts'
import { openEdge } from '../../src/edge/edge.ts'
import { showBudget } from '../../src/panel/budget-meter.ts'
import { element, withText } from '../../src/panel/elements.ts'
import { sentenceOf } from '../../src/panel/run.ts'
import { openSignInForm } from '../../src/panel/sign-in-form.ts'
import { openWorkspace } from '../../src/panel/workspace.ts'
import { openSignIn } from '../../src/sign-in/open.ts'
import type { User } from '../../src/sign-in/port.ts'

const signIn = await openSignIn(config.signIn)
const edge = openEdge(config, signIn.token, showBudget)
const signedIn = element('signed-in', HTMLElement)
const signedOut = element('signed-out', HTMLElement)

/** Ends what a user began when another comes, or none. */
let session = new AbortController()
let current: string | undefined

openSignInForm(signIn)
element('sign-out', HTMLButtonElement).addEventListener('click', () => void signIn.signOut())
signIn.onUser((user) => {
  // A refreshed token is no other user.
  if (user?.id === current && user) return
  current = user?.id
  session.abort()
  session = new AbortController()
  element('account', HTMLParagraphElement).hidden = user === null
  element('email', HTMLSpanElement).textContent = user?.email ?? ''
  element('budget', HTMLElement).hidden = true
  // Until it is known what the plan has: nobody listens to its buttons before.
  element('work', HTMLElement).inert = true
  signedOut.hidden = user !== null
  signedIn.hidden = user === null
  // After the platform's own handler, which may hold a lock that the token needs.
  if (user) setTimeout(() => void welcome(user, session.signal))
})

async function welcome(user: User, signal: AbortSignal): Promise<void> {
  const told = element('answer-told', HTMLParagraphElement)
  told.replaceChildren()
  try {
    const [models] = await Promise.all([edge.models(), edge.readBudget()])
    const refresh = () => signIn.token({ forceRefresh: true })
    if (!signal.aborted) await openWorkspace(user, edge, models, refresh, signal)
  } catch (error) {
    if (signal.aborted) return
    const again = withText('button', 'Try again')
    again.addEventListener('click', () => void welcome(user, signal), { signal })
    told.replaceChildren(withText('span', `${sentenceOf(error)} `), again)
  }
}
