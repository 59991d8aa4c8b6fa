import { useEffect, useState } from 'preact/hooks'

/** The part of the address that says which page is shown: `#/usage` is `usage`. */
const here = () => location.hash.replace(/^#\/?/, '')

export function useHash(): string {
  const [hash, setHash] = useState(here)
  useEffect(() => {
    const changed = () => setHash(here())
    addEventListener('hashchange', changed)
    return () => removeEventListener('hashchange', changed)
  }, [])
  return hash
}
