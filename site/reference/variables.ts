import { isAbsolute, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FIREBASE_VARIABLES } from '../../edge/runtime/firebase-variables.ts'
import { NODE_VARIABLES } from '../../edge/runtime/node-variables.ts'
import { SUPABASE_VARIABLES } from '../../edge/runtime/supabase-variables.ts'
import { EDGE_VARIABLES } from '../../edge/runtime/variables.ts'
import { VARIABLES } from '../../inference-host/config.ts'
import { EDGE_WORDS, FIREBASE_WORDS, NODE_WORDS, SUPABASE_WORDS, type VariableWords } from './edge-words.ts'
import { tableOf } from './table.ts'

type Variable = { fallback: string | undefined; secret?: true }

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const HEADS = ['variable', 'meaning', 'default', 'unit']

/** The tables of docs/configuration.md, by their markers. */
export const VARIABLE_TABLES: Readonly<Record<string, () => string>> = {
  'edge variables': () => edgeTable(EDGE_VARIABLES, EDGE_WORDS),
  'node variables': () => edgeTable(NODE_VARIABLES, NODE_WORDS),
  'supabase variables': () => edgeTable(SUPABASE_VARIABLES, SUPABASE_WORDS),
  'firebase variables': () => edgeTable(FIREBASE_VARIABLES, FIREBASE_WORDS),
  'host variables': hostTable,
}

function edgeTable(
  variables: Readonly<Record<string, Variable>>,
  words: Readonly<Record<string, VariableWords>>,
): string {
  const rows = Object.entries(words).map(([name, { meaning, unit, called }]) => {
    const { fallback, secret } = variables[name] ?? { fallback: undefined }
    const said = secret ? `${meaning} (secret)` : meaning
    return [`\`${name}\``, said, called ?? shownDefault(fallback), unit]
  })
  return tableOf(HEADS, rows)
}

function hostTable(): string {
  const rows = Object.entries<Variable & { meaning: string; unit: string }>(VARIABLES).map(
    ([name, { meaning, fallback, unit }]) => [
      `\`${name}\``,
      meaning.replace(/\.$/, ''),
      shownDefault(fallback),
      unit,
    ],
  )
  return tableOf(HEADS, rows)
}

/** A default as the page writes it: a path from the project's root, else as it would be set. */
function shownDefault(fallback: string | undefined): string {
  if (fallback === undefined) return 'required'
  if (fallback === '') return 'none'
  return isAbsolute(fallback) ? `\`${relative(ROOT, fallback)}\`` : fallback
}
