import { CliError } from '../context.ts'
import { textOf } from '../text-file.ts'
import { type Speed, speedOf, ThroughputError, throughputsOf } from './speed.ts'

/**
 * The speed in a file that `npm run bench -- host --json` wrote.
 * @throws CliError `unreadable`, or `bad_throughput` with what is wrong with it
 */
export async function speedOfFile(file: string): Promise<Speed> {
  const text = await textOf(file)
  try {
    return speedOf(throughputsOf(text))
  } catch (error) {
    if (error instanceof ThroughputError) throw new CliError(error.code, `${file}: ${error.message}`)
    throw error
  }
}
