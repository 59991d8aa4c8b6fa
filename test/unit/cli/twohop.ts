import { run } from '../../../cli/run.ts'

/** Runs a command line of `twohop` and gives its exit code and what it printed. */
export async function twohop(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', '']
  const code = await run(words, {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    colour: words.includes('--help'),
    signal: new AbortController().signal,
  })
  return { code, out, err }
}
