import { RestError } from './failure.ts'

/** A name in SQL, quoted. */
export const identifier = (name: string) => `"${name.replaceAll('"', '""')}"`

/** A text in SQL. PostgreSQL infers its type from the context, as with PostgREST's filters. */
export const literal = (text: string) => `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const OPERATORS: Record<string, string> = {
  eq: '=',
  neq: '<>',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
  like: 'like',
  ilike: 'ilike',
}
const IS = new Set(['null', 'true', 'false', 'unknown'])
/** Parameters that are not filters. */
const RESERVED = new Set(['select', 'order', 'limit', 'offset', 'columns'])

/** A URL's query in SQL. `where` and `order` are empty where it has none. */
export type Query = {
  columns: string
  where: string
  order: string
  limit: number | undefined
  offset: number
}

/**
 * Reads the part of PostgREST's URL grammar that supabase-js's `select`, filters, `order`, `limit` and `range` write:
 * columns with aliases, the operators above with `not`, `in` and `is`. No embedding, no `or`, no JSON paths.
 * @throws RestError PGRST100 for what it does not know
 */
export function queryOf(parameters: URLSearchParams): Query {
  const conditions: string[] = []
  for (const [name, value] of parameters) if (!RESERVED.has(name)) conditions.push(condition(name, value))
  const order = (parameters.get('order') ?? '').split(',').filter(Boolean).map(ordering)
  return {
    columns: (parameters.get('select') ?? '*').split(',').map(column).join(', '),
    where: conditions.length > 0 ? `where ${conditions.join(' and ')}` : '',
    order: order.length > 0 ? `order by ${order.join(', ')}` : '',
    limit: parameters.has('limit') ? whole('limit', parameters.get('limit')) : undefined,
    offset: parameters.has('offset') ? whole('offset', parameters.get('offset')) : 0,
  }
}

function column(text: string): string {
  if (text === '*') return '*'
  const [first = '', second] = text.split(':')
  return second === undefined ? named(first) : `${named(second)} as ${named(first)}`
}

function ordering(text: string): string {
  const [name = '', ...words] = text.split('.')
  const known = words.map((word) => {
    if (word === 'asc' || word === 'desc') return word
    if (word === 'nullsfirst') return 'nulls first'
    if (word === 'nullslast') return 'nulls last'
    throw unknown(text)
  })
  return [named(name), ...known].join(' ')
}

function condition(name: string, value: string): string {
  const negated = value.startsWith('not.')
  const [operator = '', ...rest] = (negated ? value.slice(4) : value).split('.')
  const sql = comparison(named(name), operator, rest.join('.'))
  return negated ? `not (${sql})` : sql
}

function comparison(name: string, operator: string, value: string): string {
  if (operator === 'is' && IS.has(value.toLowerCase())) return `${name} is ${value}`
  if (operator === 'in') return `${name} in (${listed(value).map(literal).join(', ')})`
  const symbol = OPERATORS[operator]
  if (!symbol) throw unknown(`${operator}.${value}`)
  return `${name} ${symbol} ${literal(operator.endsWith('like') ? value.replaceAll('*', '%') : value)}`
}

/** `(a,"b,c")` as its parts. */
function listed(text: string): string[] {
  const inner = /^\((.*)\)$/s.exec(text)?.[1]
  if (inner === undefined) throw unknown(text)
  const parts = inner.match(/"(?:[^"\\]|\\.)*"|[^,]+/gs) ?? []
  return parts.map((part) => (part.startsWith('"') ? part.slice(1, -1).replace(/\\(.)/gs, '$1') : part))
}

function named(name: string): string {
  if (!NAME.test(name)) throw unknown(name)
  return identifier(name)
}

function whole(name: string, text: string | null): number {
  if (!/^\d{1,9}$/.test(text ?? '')) throw unknown(`${name}=${text}`)
  return Number(text)
}

const unknown = (text: string) => new RestError(400, 'PGRST100', `"failed to parse (${text})"`)
