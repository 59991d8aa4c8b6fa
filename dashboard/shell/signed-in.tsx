import { useEffect, useRef, useState } from 'preact/hooks'
import { Me } from '../api/shapes.ts'
import { useApi } from '../api/use-api.ts'
import { useHash } from './use-hash.ts'
import { VIEWS } from './views.ts'

/** The scopes of whoever is signed in; none until the edge has said them. They only decide what the menu has. */
function useScopes(): readonly string[] {
  const api = useApi()
  const [scopes, setScopes] = useState<readonly string[]>([])
  useEffect(() => {
    api.ask('/v1/me', Me).then(
      (me) => setScopes(me.scopes),
      () => setScopes([]),
    )
  }, [api])
  return scopes
}

type Props = {
  label: string
  /** Whether the form for signing in was here before, and had the focus. */
  entered: boolean
  onSignOut: () => void
}

/** The menu, and the page that the address names. */
export function SignedIn({ label, entered, onSignOut }: Props) {
  const scopes = useScopes()
  const [name = '', id = ''] = useHash().split('/')
  const view = VIEWS.find((each) => each.name === name) ?? VIEWS[0]
  const heading = useRef<HTMLHeadingElement>(null)
  const first = useRef(!entered)
  useEffect(() => {
    document.title = `${view?.title} – Twohop`
    // Who hears the page is told that it is another one.
    if (!first.current) heading.current?.focus()
    first.current = false
  }, [view])
  if (!view) return null
  const { Page } = view
  const menu = VIEWS.filter(({ scope, ofOne }) => (scope === undefined || scopes.includes(scope)) && !ofOne)
  return (
    <>
      <header>
        <nav aria-label="Pages">
          <ul>
            {menu.map((each) => (
              <li key={each.name}>
                <a href={`#/${each.name}`} aria-current={each === view ? 'page' : undefined}>
                  {each.title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div class="who">
          <small>{label}</small>
          <button type="button" class="secondary" id="sign-out" onClick={onSignOut}>
            Sign out
          </button>
        </div>
      </header>
      <main id="page">
        <h1 tabIndex={-1} ref={heading}>
          {view.title}
        </h1>
        <Page id={decoded(id)} key={`${view.name}/${id}`} />
      </main>
    </>
  )
}

/** A name out of the address; as it stands there where it is no name. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
