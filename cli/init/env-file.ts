/**
 * Variables as a file holds them, `NAME=value` a line. Values stand without quotes, because `docker run --env-file` would
 * take these for a part of the value. Node, wrangler, Supabase's CLI and Firebase's read it alike.
 */
const LINE = /^([A-Z][A-Z0-9_]*)=(.*)$/

/** What a reader of such files would take for a comment, a quote or a variable of its own. */
const SPECIAL = /[#'`$\\\n\r]/

/** JSON with nothing in it that a reader of such a file, or a literal string of TOML, would take for more than text. */
export function plainJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[#'`$\u007f-\uffff]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** The variables of such a file; later lines win. Quotes around a value are left out, as most readers do. */
export function readEnvFile(text: string): Map<string, string> {
  return new Map(
    text.split(/\r?\n/).flatMap((line) => {
      const [, name, value = ''] = LINE.exec(line.trim()) ?? []
      return name === undefined ? [] : [[name, value.trim().replace(/^(['"])(.*)\1$/, '$2')] as const]
    }),
  )
}

/**
 * The file with these variables set. All else stays as it is: comments, order, variables of others.
 * @throws RangeError for a value that such a file cannot hold as it is
 */
export function withVariables(text: string, variables: ReadonlyMap<string, string>): string {
  for (const [name, value] of variables)
    if (SPECIAL.test(value) && !isJson(value))
      throw new RangeError(`${name} has a sign that a file of variables cannot hold`)
  const left = new Map(variables)
  const lines = text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => {
      const name = LINE.exec(line.trim())?.[1]
      const value = name === undefined ? undefined : left.get(name)
      if (name === undefined || value === undefined) return line
      left.delete(name)
      return `${name}=${value}`
    })
  const added = [...left].map(([name, value]) => `${name}=${value}`)
  return `${[...(text === '' ? [] : lines), ...added].join('\n')}\n`
}

/** `plainJson` escapes what is special, and a backslash is read as it is where there are no quotes around. */
function isJson(value: string): boolean {
  return value.startsWith('{') && !/[#'`$\n\r]/.test(value)
}
