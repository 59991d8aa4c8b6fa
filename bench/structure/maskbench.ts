import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** A schema of MaskBench (https://github.com/guidance-ai/jsonschemabench, MIT), with values that are valid for it or not. */
export type MaskBenchCase = {
  name: string
  schema: unknown
  tests: readonly { valid: boolean; data: unknown }[]
}

/**
 * Reads a file of one case a line, packed by gzip or not.
 * @throws Error with the file's name where it is not that
 */
export function readMaskBench(file: string): MaskBenchCase[] {
  try {
    const bytes = readFileSync(file)
    const text = (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString()
    return text
      .trim()
      .split('\n')
      .map((line) => {
        const { name, schema, tests } = JSON.parse(line)
        if (typeof name !== 'string' || !Array.isArray(tests))
          throw new Error('a line has no name or no tests')
        return { name, schema, tests }
      })
  } catch (error) {
    throw new Error(
      `${file} is no file of MaskBench cases, one a line: ${error instanceof Error ? error.message : error}`,
    )
  }
}
