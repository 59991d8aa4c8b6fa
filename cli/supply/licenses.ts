import * as z from 'zod'

/** A package that the lock file names. */
export type Licensed = { name: string; version: string; license: string }

const Lock = z.object({
  packages: z.record(
    z.string(),
    z.looseObject({
      version: z.string().optional(),
      license: z.string().optional(),
      link: z.boolean().optional(),
    }),
  ),
})

/** Licenses (SPDX) under which a package may be here: what each asks for is kept by shipping packages as they are. */
const TAKEN = new Set([
  ...[
    'MIT',
    'Apache-2.0',
    'ISC',
    '0BSD',
    'BSD-2-Clause',
    'BSD-3-Clause',
    'BlueOak-1.0.0',
    'CC0-1.0',
    'Unlicense',
  ],
  // Of libvips in the packages of sharp, and of codec-parser: each is loaded as a library of its own, and can be replaced.
  'LGPL-3.0-or-later',
  // Of lightningcss, which builds and is in nothing that is shipped. Changed files would have to be open; none is.
  'MPL-2.0',
  // Of spdx-exceptions: a list of names, which only npm's own tools read.
  'CC-BY-3.0',
])

/** Packages whose metadata names no license, and the one that stands in their files. */
const BY_HAND: Readonly<Record<string, string>> = { limiter: 'MIT' }

/**
 * The packages of a lock file of npm (version 3), each with its license.
 * @throws z.ZodError where the text is no such file
 */
export function licensesOf(lock: unknown): Licensed[] {
  const { packages } = Lock.parse(lock)
  return Object.entries(packages).flatMap(([path, { version = '', license, link }]) => {
    const name = path.split('node_modules/').at(-1) ?? ''
    if (path === '' || link) return []
    return [{ name, version, license: license ?? BY_HAND[name] ?? 'none' }]
  })
}

/** Whether an SPDX expression can be met by licenses that are taken: one of those joined by OR, all joined by AND. */
export function isTaken(expression: string): boolean {
  return expression
    .replaceAll(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((license) => TAKEN.has(license.trim())))
}

/** How many packages have which license, most first. */
export function countsOf(packages: readonly Licensed[]): [license: string, count: number][] {
  const groups = Map.groupBy(packages, ({ license }) => license)
  return [...groups]
    .map(([license, of]): [string, number] => [license, of.length])
    .toSorted((a, b) => b[1] - a[1])
}
