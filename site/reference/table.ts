/** A Markdown table, its columns as wide as their widest cell. */
export function tableOf(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [heads, ...rows]
  const widths = heads.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  return [line(heads), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

/**
 * A page with another table after a marker, such as `<!-- edge variables -->`.
 * @throws Error where the page has no such marker
 */
export function withTable(page: string, marker: string, table: string): string {
  const line = `<!-- ${marker} -->\n`
  const [before, after] = page.split(line)
  if (before === undefined || after === undefined) throw new Error(`the page has no place for ${marker}`)
  const rest = after.replace(/^\n*(?:\|.*\n)*\n*/, '')
  // What stands right below a table would be a row of it.
  return `${before}${line}${table}\n${rest === '' ? '' : `\n${rest}`}`
}
