import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Api } from './api.ts'

export const ApiContext = createContext<Api | undefined>(undefined)

/** The calls of whoever is signed in. @throws Error outside of what only they see */
export function useApi(): Api {
  const api = useContext(ApiContext)
  if (!api) throw new Error('Nobody is signed in.')
  return api
}
