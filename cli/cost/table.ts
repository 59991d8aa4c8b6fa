/** A column: its title, and whether its cells are aligned to the right, like numbers. */
export type Column = { title: string; right?: boolean }

/** Rows in columns for a terminal. A column is as wide as its widest cell, with two spaces between columns. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = widthsOf(columns, rows)
  const line = (cells: readonly string[]) =>
    columns
      .map(({ right }, i) => pad(cells[i] ?? '', widths[i] ?? 0, right))
      .join('  ')
      .trimEnd()
  return [line(columns.map(({ title }) => title)), ...rows.map(line)]
}

/** The same as a Markdown table with aligned columns. */
export function markdownTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = widthsOf(columns, rows)
  const line = (cells: readonly string[]) =>
    `| ${columns.map(({ right }, i) => pad(cells[i] ?? '', widths[i] ?? 0, right)).join(' | ')} |`
  const rule = columns.map(({ right }, i) => {
    const dashes = '-'.repeat(Math.max(3, widths[i] ?? 0) - (right ? 1 : 0))
    return right ? `${dashes}:` : dashes
  })
  return [line(columns.map(({ title }) => title)), `| ${rule.join(' | ')} |`, ...rows.map(line)]
}

function widthsOf(columns: readonly Column[], rows: readonly (readonly string[])[]): number[] {
  return columns.map(({ title }, i) => Math.max(3, title.length, ...rows.map((row) => row[i]?.length ?? 0)))
}

const pad = (text: string, width: number, right = false) =>
  right ? text.padStart(width) : text.padEnd(width)
