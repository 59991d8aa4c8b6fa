/** Tags that load something as soon as the page is read. A link (`<a href>`) loads nothing. */
const LOADING = /<(?:script|link|img|iframe|source|video|audio|embed|object)\b[^>]*>/gi
const ELSEWHERE = /\b(?:src|href|srcset|data)\s*=\s*["']?\s*((?:https?:)?\/\/[^"'\s>]+)/i
const IN_STYLES = /(?:url\(\s*|@import\s+)["']?((?:https?:)?\/\/[^"')\s]+)/gi
const SCRIPTED =
  /\b(?:fetch|import|importScripts|EventSource|WebSocket)\(\s*["'`]((?:https?:|wss?:)\/\/[^"'`)]*)/gi

/**
 * Requests that the generator's theme can make and here never makes: of stars, where the settings name a repository on
 * GitHub. They name none.
 */
const NEVER = ['https://api.github.com/repos/']

/** What a file of the site would load from another host: a font, a script, a picture. */
export function foreignIn(name: string, text: string): string[] {
  const found: string[] = []
  if (name.endsWith('.html'))
    for (const [tag] of text.matchAll(LOADING)) found.push(...(ELSEWHERE.exec(tag)?.slice(1) ?? []))
  if (/\.(?:html|css)$/.test(name)) for (const [, url = ''] of text.matchAll(IN_STYLES)) found.push(url)
  if (/\.js$/.test(name)) for (const [, url = ''] of text.matchAll(SCRIPTED)) found.push(url)
  return found.filter((url) => !NEVER.some((never) => url.startsWith(never)))
}
