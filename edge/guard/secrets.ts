import { classOf, type Detector, isWhole, pattern, WINDOW } from './detector.ts'

/** Begins of keys and tokens that their makers publish, so that leaked ones can be found. */
const KNOWN = [
  'sk-[\\w-]{20,200}', // OpenAI, Anthropic
  '(?:sk|rk|pk)_(?:live|test)_\\w{16,200}', // Stripe
  'sb_secret_[\\w-]{16,100}', // Supabase
  'gh[pousr]_\\w{36,200}', // GitHub
  'github_pat_\\w{22,200}',
  'glpat-[\\w-]{20,100}', // GitLab
  'xox[abeprs]-[\\w-]{10,200}', // Slack
  'A(?:KI|SI)A[A-Z0-9]{16}', // AWS
  'AIza[\\w-]{35}', // Google
  'ya29\\.[\\w-]{20,200}',
  'hf_[A-Za-z0-9]{30,100}', // Hugging Face
  'npm_[A-Za-z0-9]{36}',
  'r8_[A-Za-z0-9]{37}', // Replicate
  'eyJ[\\w-]{8,200}\\.eyJ[\\w-]{4,240}(?:\\.[\\w-]{0,40})?', // a JSON Web Token
  '-----BEGIN (?:[A-Z]{2,10} ){0,3}PRIVATE KEY(?: BLOCK)?-----',
]

/** Keys and tokens by what they begin with. */
export const knownSecret: Detector = pattern({
  rule: 'secret.known',
  // The least of what stands in each of them.
  hint: /[A-Za-z0-9_.-]{10}|PRIVATE KEY/,
  first: /[A-Za-z-]/,
  not: /[A-Za-z0-9-]/,
  whole: new RegExp(KNOWN.join('|'), 'y'),
  // What all of these are made of, so that whatever may become one is waited for.
  partial: /-----?[A-Z -]{0,60}|-{1,5}|[A-Za-z][\w.-]{0,500}/y,
})

const PEM_BEGIN = /-----BEGIN (?:[A-Z]{2,10} ){0,3}PRIVATE KEY(?: BLOCK)?-----/y
const PEM_END = /-----END (?:[A-Z]{2,10} ){0,3}PRIVATE KEY(?: BLOCK)?-----/g

/** A whole private key in PEM, for who takes out what is found: up to where it says that it ends, else all that follows. */
const wholePem: Detector = {
  rule: 'secret.known',
  hint: /PRIVATE KEY/,
  first: /-/,
  at(text, place, ended) {
    PEM_BEGIN.lastIndex = place
    if (!PEM_BEGIN.test(text)) return undefined
    PEM_END.lastIndex = PEM_BEGIN.lastIndex
    if (PEM_END.test(text)) return PEM_END.lastIndex
    return ended ? text.length : 'more'
  },
}

/** What stands right behind a secret belongs to it: a pattern ends after so many characters, a key does not. */
const GOES_ON = /(?:[\w+/=~-]|\.(?=\w))*/y

/** The same detector for who takes out what it finds: nothing of it is left behind. It is for whole texts. */
const toItsEnd = ({ at, ...detector }: Detector): Detector => ({
  ...detector,
  at(text, place, ended) {
    const end = at(text, place, ended)
    if (typeof end !== 'number') return end
    GOES_ON.lastIndex = end
    GOES_ON.test(text)
    return GOES_ON.lastIndex
  },
})

const IN_RUN = /[A-Za-z0-9+_-]/
const isInRun = classOf(IN_RUN)
/** What fills base64 up. Before a run it stands between a name and its value. */
const PADDING = '='
const SHORTEST_RUN = 24
/**
 * Of the steps from one letter or digit to the next some 62 % change the kind (small, capital, digit) in random base64, in names
 * of programs and files some 20 %. The test has both.
 */
const LEAST_CHANGES = 0.42
/** In random base64 some 17 % stand in three small letters or more in a row, in names of models half and more. */
const MOST_WORDS = 0.5
/** Bits a character: below that few characters repeat over and over, as in a drawn line. */
const LEAST_ENTROPY = 3.4

/** Runs of letters and digits that look random, such as keys that nobody published the form of. */
export const randomSecret: Detector = {
  rule: 'secret.random',
  hint: /[A-Za-z0-9+_-]{22}/,
  first: IN_RUN,
  at(text, place, ended) {
    if (place > 0 && isInRun(text.charAt(place - 1))) return undefined
    const most = Math.min(text.length, place + WINDOW)
    let end = place
    while (end < most && isInRun(text.charAt(end))) end++
    const run = text.slice(place, end)
    while (end < most && text.charAt(end) === PADDING) end++
    if (end === text.length && !isWhole(text, place, ended)) return 'more'
    return end - place >= SHORTEST_RUN && looksRandom(run) ? end : undefined
  },
}

/** Finds secrets in whole texts, each to its end, so that nothing of it is left where they are taken out. */
export const wholeSecrets: readonly Detector[] = [wholePem, toItsEnd(knownSecret), toItsEnd(randomSecret)]

function looksRandom(run: string): boolean {
  if (!/[a-z]/.test(run) || !/[A-Z]/.test(run) || !/\d/.test(run)) return false
  return changesOf(run) >= LEAST_CHANGES && wordsOf(run) <= MOST_WORDS && entropyOf(run) >= LEAST_ENTROPY
}

/** The share of steps between neighbours that change the kind of character. */
function changesOf(run: string): number {
  const kinds = Array.from(run.replace(/[^A-Za-z0-9]/g, ''), kindOf)
  const changes = kinds.filter((kind, i) => i > 0 && kind !== kinds[i - 1]).length
  return changes / (kinds.length - 1)
}

function kindOf(char: string): number {
  if (/[a-z]/.test(char)) return 0
  return /[A-Z]/.test(char) ? 1 : 2
}

/** The share of characters that stand in three small letters or more in a row, as those of words do. */
function wordsOf(run: string): number {
  return (run.match(/[a-z]{3,}/g) ?? []).join('').length / run.length
}

/** Shannon's entropy of a text's characters, in bits a character. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>()
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length)
  return bits
}
