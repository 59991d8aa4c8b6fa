import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A model that a test loads: its folder, and whether it is there. */
export type RealModel = { folder: string; there: boolean; missing: string }

/**
 * A real model beside the repository. It is no part of the project: where it is missing, tests that need it are
 * skipped by name, but not in CI, which has it.
 */
export function realModel(name: string): RealModel {
  return modelAt(`../shared/models/${name}`, process.env.CI !== undefined)
}

/** A model that the project ships. */
export function embeddedModel(name: string): RealModel {
  return modelAt(`models/${name}`, true)
}

function modelAt(path: string, needed: boolean): RealModel {
  const folder = fileURLToPath(new URL(`../${path}`, import.meta.url))
  const there = existsSync(`${folder}/config.json`)
  if (!there && needed) throw new Error(`${path} is missing`)
  return { folder, there, missing: there ? '' : ` (${path} is missing)` }
}
