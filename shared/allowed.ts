import * as z from 'zod'

/**
 * What a schema lets in, in a few words that follow "Expected": "a whole number from 1 to 8". A schema's own description
 * comes first. A missing value and null are left out, because saying that a field may be missing helps nobody who sent it.
 */
export function allowedBy(schema: z.core.$ZodType): string {
  const words = known.get(schema) ?? descriptionOf(schema) ?? byType(schema as z.core.$ZodTypes)
  known.set(schema, words)
  return words
}
/** Each list of bad entries asks once for each of them, so that all get the same text. */
const known = new WeakMap<z.core.$ZodType, string>()

/** The words for one of several strings, numbers or booleans. */
export function oneOf(values: readonly unknown[]): string {
  return either(values.map((value) => (typeof value === 'string' ? `"${value}"` : String(value))))
}

/** What a schema says of itself. */
export function descriptionOf(schema: z.core.$ZodType): string | undefined {
  return z.globalRegistry.get(schema)?.description
}

function byType(schema: z.core.$ZodTypes): string {
  const { def } = schema._zod
  switch (def.type) {
    case 'string':
      return textWith(boundsOf(def.checks))
    case 'number':
      return numberWith(isWhole(schema), boundsOf(def.checks))
    case 'boolean':
      return 'true or false'
    case 'literal':
      return oneOf(def.values)
    case 'enum':
      return oneOf(Object.values(def.entries))
    case 'array':
      return listWith(boundsOf(def.checks), allowedBy(def.element))
    case 'object':
    case 'record':
      return 'an object'
    case 'union':
      return either(def.options.map(allowedBy))
    case 'pipe':
      return allowedBy(['transform', 'unknown'].includes(def.in._zod.def.type) ? def.out : def.in)
    case 'optional':
    case 'nullable':
    case 'default':
      return allowedBy(def.innerType)
    case 'never':
      return 'nothing'
    case 'unknown':
      return 'anything'
    case 'null':
      return 'null'
    default:
      return 'another value'
  }
}

/** The least and the most that checks let in: of a number's value, a text's characters or a list's items. */
type Bounds = { least?: number; most?: number; above?: number }

function boundsOf(checks: readonly z.core.$ZodCheck<never>[] = []): Bounds {
  const bounds: Bounds = {}
  for (const { _zod } of checks) {
    const def = _zod.def as z.core.$ZodChecks['_zod']['def']
    if (def.check === 'min_length') bounds.least = def.minimum
    if (def.check === 'max_length') bounds.most = def.maximum
    if (def.check === 'length_equals') bounds.least = bounds.most = def.length
    if (def.check === 'less_than') bounds.most = Number(def.value)
    if (def.check === 'greater_than') bounds[def.inclusive ? 'least' : 'above'] = Number(def.value)
  }
  return bounds
}

function textWith({ least = 0, most }: Bounds): string {
  if (most === undefined) return least > 0 ? 'text that is not empty' : 'text'
  return least > 0 ? `text of ${least} to ${most} characters` : `text of at most ${most} characters`
}

function isWhole({ _zod }: z.core.$ZodTypes): boolean {
  const { checks = [] } = _zod.def
  return [{ _zod }, ...checks].some(
    (one) => 'check' in one._zod.def && one._zod.def.check === 'number_format',
  )
}

function numberWith(whole: boolean, { least, most, above }: Bounds): string {
  const kind = whole ? 'a whole number' : 'a number'
  if (above !== undefined) return `${kind} above ${above}${most === undefined ? '' : ` and at most ${most}`}`
  if (least !== undefined && most !== undefined) return `${kind} from ${least} to ${most}`
  if (least !== undefined) return `${kind} of at least ${least}`
  return most === undefined ? kind : `${kind} of at most ${most}`
}

function listWith({ least = 0, most }: Bounds, item: string): string {
  const each = item === 'anything' ? '' : `, each ${item}`
  if (most === undefined) return `${least > 0 ? 'a list that is not empty' : 'a list'}${each}`
  if (least === most) return `a list of exactly ${most}${each}`
  return `a list of ${least > 0 ? `${least} to` : 'at most'} ${most}${each}`
}

/** "a", "a or b", "a, b or c". */
function either(choices: readonly string[]): string {
  const unlike = [...new Set(choices)]
  return unlike.length < 2
    ? (unlike[0] ?? 'nothing')
    : `${unlike.slice(0, -1).join(', ')} or ${unlike.at(-1)}`
}
