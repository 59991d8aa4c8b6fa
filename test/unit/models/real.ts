import { existsSync } from 'node:fs'
import path from 'node:path'

export const REPOSITORY = path.resolve(import.meta.dirname, '../../..')

/**
 * The folder of a real model that is no part of the project, or undefined where it is absent.
 * @throws in CI, where it has to be there
 */
export function realModel(name: string): string | undefined {
  const folder = path.resolve(REPOSITORY, '../shared/models', name)
  if (existsSync(folder)) return folder
  if (process.env.CI) throw new Error(`CI needs the model folder ../shared/models/${name}`)
  return undefined
}

/** The folder of a model that the project ships. */
export function embeddedModel(name: string): string {
  return path.join(REPOSITORY, 'models', name)
}
