/** A line of a terminal, and when it came: milliseconds since the first. */
export type Line = { at: number; text: string; typed?: true }

/** Pixels of a character and a line in the font below. */
const CHARACTER = 7.8
const LINE = 18
const MARGIN = 16
/** Characters of the terminal. A longer line is cut, as a narrow window shows it. */
export const COLUMNS = 108

/** Colours that go with a page in light and in dark. */
const STYLE = `
svg { background: #fbfbf9; border-radius: 8px }
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #24292f; white-space: pre }
.typed { fill: #0550ae; font-weight: 600 }
@media (prefers-color-scheme: dark) {
  svg { background: #161b22 } text { fill: #e6edf3 } .typed { fill: #79c0ff }
}
@media (prefers-reduced-motion: no-preference) { text { animation: come 1ms backwards } }
@keyframes come { from { opacity: 0 } }`

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string) => text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '')
const cut = (text: string) => (text.length > COLUMNS ? `${text.slice(0, COLUMNS - 1)}…` : text)

/**
 * A picture of a terminal whose lines come as they came. It runs no script and loads nothing. Whoever wants no motion,
 * or has a viewer without styles, sees all lines at once.
 * @param says what the picture shows, for those who cannot see it
 */
export function recordingOf(lines: readonly Line[], says: string): string {
  const width = Math.ceil(2 * MARGIN + COLUMNS * CHARACTER)
  const height = 2 * MARGIN + lines.length * LINE
  const rows = lines.map(({ at, text, typed }, n) => {
    const y = MARGIN + (n + 0.75) * LINE
    const mark = typed ? ' class="typed"' : ''
    return `<text x="${MARGIN}" y="${y}"${mark} style="animation-delay:${Math.round(at)}ms">${escaped(cut(text))}</text>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(says)}">`,
    `<style>${STYLE}</style>`,
    ...rows,
    '</svg>\n',
  ].join('\n')
}

/** The same lines with no pause longer than that, so that nobody waits for what a machine does. */
export function withoutLongPauses(lines: readonly Line[], mostMs: number): Line[] {
  let at = 0
  return lines.map((line, n) => {
    at += Math.min(mostMs, line.at - (lines[n - 1]?.at ?? line.at))
    return { ...line, at }
  })
}
