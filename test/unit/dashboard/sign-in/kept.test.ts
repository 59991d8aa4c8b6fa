import { afterEach, expect, it, vi } from 'vitest'
import { keep, readKept, replace } from '../../../../dashboard/sign-in/kept.ts'
import type { Kept } from '../../../../dashboard/sign-in/session.ts'

const kept = (label: string, token: string): Kept => ({ kind: 'pasted', label, token })

function withStorage(): void {
  const stored = new Map<string, string>()
  vi.stubGlobal('sessionStorage', {
    getItem: (name: string) => stored.get(name) ?? null,
    setItem: (name: string, text: string) => stored.set(name, text),
    removeItem: (name: string) => stored.delete(name),
  })
}
afterEach(() => vi.unstubAllGlobals())

it('gives what was kept, until somebody signs out', () => {
  withStorage()
  keep(kept('a', '1'))
  expect(readKept()).toEqual(kept('a', '1'))
  replace(kept('a', '1'), kept('a', '2'))
  expect(readKept()).toEqual(kept('a', '2'))
  keep(undefined)
  expect(readKept()).toBeUndefined()
})

it('a refresh that ends after its session brings nobody back', () => {
  withStorage()
  keep(undefined)
  replace(kept('a', '1'), kept('a', '2'))
  expect(readKept()).toBeUndefined()
  keep(kept('b', '3'))
  replace(kept('a', '1'), kept('a', '2'))
  expect(readKept()).toEqual(kept('b', '3'))
})
