import { isObject, type Keywords } from './schema.ts'

const DEPENDENT = ['dependentRequired', 'dependentSchemas', 'dependencies'] as const
/** Keywords that ask for something where something else holds. */
const CONDITIONS: ReadonlySet<string> = new Set(['if', 'then', 'else', ...DEPENDENT])

type Steps = readonly (string | number)[]
/** A schema that has to hold, where its client said it, and the step in it that is ours alone. */
type Part = { readonly schema: unknown; readonly said: Steps; readonly ours?: string }
/** Ways to fulfil a condition. All parts of one have to hold. */
type Choice = readonly (readonly Part[])[]

/**
 * The schema with its conditions said as choices, of which one has to hold: what `if` names and `then`, or not that and
 * `else`; no such property, or what depends on it (JSON Schema 2020-12, core 10.2.2 and validation 6.5.4; draft 7's
 * `dependencies` is both of the latter). A schema without conditions is the same object.
 */
export function withoutConditions(schema: Keywords): Keywords {
  if (!hasConditions(schema)) return schema
  const choices = choicesOf(schema).map((choice) => ({
    anyOf: choice.map(([one, ...more]) =>
      more.length === 0 ? one?.schema : { allOf: [one, ...more].map((part) => part?.schema) },
    ),
  }))
  return choices.length === 0 ? unconditional(schema) : { allOf: [unconditional(schema), ...choices] }
}

function hasConditions(schema: Keywords): boolean {
  return Object.keys(schema).some((keyword) => CONDITIONS.has(keyword))
}

function unconditional(schema: Keywords): Keywords {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => !CONDITIONS.has(keyword)))
}

function choicesOf(schema: Keywords): Choice[] {
  const choices: Choice[] = []
  const { if: condition, then = true, else: otherwise = true } = schema
  if (condition !== undefined && (then !== true || otherwise !== true))
    choices.push([
      [
        { schema: condition, said: ['if'] },
        { schema: then, said: ['then'] },
      ],
      [
        { schema: { not: condition }, said: ['if'], ours: 'not' },
        { schema: otherwise, said: ['else'] },
      ],
    ])
  for (const keyword of DEPENDENT) {
    const value = schema[keyword]
    // What is no object is refused where it is read as a schema.
    if (value !== undefined && !isObject(value)) choices.push([[{ schema: value, said: [keyword] }]])
    for (const [name, asked] of Object.entries(isObject(value) ? value : {})) {
      const said = [keyword, name]
      const names = keyword === 'dependentRequired' || Array.isArray(asked)
      choices.push([
        [{ schema: { properties: { [name]: false } }, said }],
        names
          ? [
              {
                schema: { required: Array.isArray(asked) ? [name, ...asked] : asked },
                said,
                ours: 'required',
              },
            ]
          : [
              { schema: { required: [name] }, said },
              { schema: asked, said },
            ],
      ])
    }
  }
  return choices
}

/**
 * Where a path through `withoutConditions(schema)` leads: how many of its first steps were made here, what its client
 * said instead of them, and the schema there. Undefined where it leads to nothing that was made here.
 */
export function conditionAsSaid(
  schema: Keywords,
  path: Steps,
): { taken: number; said: Steps; part: unknown } | undefined {
  if (!hasConditions(schema)) return undefined
  const choices = choicesOf(schema)
  // Once the parts are put together, the first choice stands where it would have been said.
  const merged = path[0] === 'anyOf' && !('anyOf' in schema)
  const [word, place] = merged ? ['allOf', 1] : path
  if (word !== 'allOf' || typeof place !== 'number' || choices.length === 0) return undefined
  if (place === 0) return { taken: 2, said: [], part: unconditional(schema) }
  const from = merged ? 0 : 2
  const parts = choices[place - 1]?.[Number(path[from + 1])] ?? []
  const inner = path[from + 2] === 'allOf'
  const at = from + 2 + (inner ? 2 : 0)
  const keyword = String(path[at])
  // Parts that were put together are told by their keywords.
  const part = inner
    ? parts[Number(path[from + 3])]
    : (parts.find((one) => one.ours === keyword) ?? parts.find((one) => hasKeyword(one, keyword)) ?? parts[0])
  if (part === undefined) return undefined
  const ours = part.ours === keyword && isObject(part.schema)
  const taken = Math.min(path.length, ours ? at + 1 : at)
  return { taken, said: part.said, part: ours && isObject(part.schema) ? part.schema[keyword] : part.schema }
}

function hasKeyword({ schema }: Part, keyword: string): boolean {
  return isObject(schema) && Object.hasOwn(schema, keyword)
}
