import { element } from './elements.ts'

/** Those that are offered, by code. */
const LANGUAGES = [
  'ar',
  'de',
  'en',
  'es',
  'fr',
  'hi',
  'it',
  'ja',
  'ko',
  'nl',
  'pl',
  'pt',
  'ru',
  'tr',
  'uk',
  'zh',
]

/**
 * Fills the list of languages and picks the browser's own.
 * @returns the English name of what is picked
 */
export function openLanguages(): () => string {
  const select = element('language', HTMLSelectElement)
  const own = navigator.language.split('-')[0] ?? 'en'
  const names = new Intl.DisplayNames('en', { type: 'language' })
  const codes = LANGUAGES.includes(own) ? LANGUAGES : [own, ...LANGUAGES]
  const nameOf = (code: string) => names.of(code) ?? code
  select.replaceChildren(...codes.map((code) => new Option(nameOf(code), code, false, code === own)))
  return () => nameOf(select.value)
}
