import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { HERE } from '../local/here.ts'
import { CliError } from './context.ts'

/** The text of a file that an option names. @throws CliError unreadable */
export async function textOf(file: string): Promise<string> {
  try {
    return await readFile(resolve(HERE, file), 'utf8')
  } catch (cause) {
    throw new CliError('unreadable', `${file} cannot be read.`, { cause })
  }
}
