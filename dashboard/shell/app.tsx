import { useCallback, useMemo, useState } from 'preact/hooks'
import { createApi } from '../api/api.ts'
import { ApiContext } from '../api/use-api.ts'
import { keep, readKept, replace } from '../sign-in/kept.ts'
import { type Kept, sessionOf } from '../sign-in/session.ts'
import { SignIn } from './sign-in.tsx'
import { SignedIn } from './signed-in.tsx'

/** The edge that this page is of: the page lies at its `/dashboard`. */
const EDGE = `${location.origin}${location.pathname.replace(/\/dashboard\/?$/, '')}`

export function App() {
  const [kept, setKept] = useState(readKept)
  const [told, setTold] = useState('')
  const [entered, setEntered] = useState(false)
  const signIn = (fresh: Kept) => {
    keep(fresh)
    setEntered(true)
    setKept(fresh)
  }
  const signOut = useCallback((why = '') => {
    keep(undefined)
    setKept(undefined)
    setTold(why)
  }, [])
  const api = useMemo(
    () => kept && createApi(EDGE, sessionOf(kept, replace), () => signOut('Your sign-in has ended.')),
    [kept, signOut],
  )
  if (!api || !kept) return <SignIn edge={EDGE} told={told} onSignedIn={signIn} />
  return (
    <ApiContext.Provider value={api}>
      <SignedIn label={kept.label} entered={entered} onSignOut={() => signOut()} />
    </ApiContext.Provider>
  )
}
