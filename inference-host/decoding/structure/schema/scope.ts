import type { Expression } from '../grammar/expression.ts'
import type { Path } from '../grammar/refusal.ts'
import type { Budget } from '../language/budget.ts'
import type { Schema } from './schema.ts'
import type { Texts } from './texts.ts'

/** What the parts of a schema are compiled with. */
export type Scope = {
  /** The expression of the schema at `path`. */
  value(schema: unknown, path: Path): Expression
  /** Where a reference leads. */
  resolve(schema: Schema): Schema
  /** Gives an expression a name, so that it can be used many times at the size of one. */
  named(build: () => Expression): Expression
  /** What was built for the same key before. */
  remembered(key: string, build: () => Expression): Expression
  /** A number of its own for each expression, for such keys. */
  idOf(expression: Expression): number
  /** Strings that have to fulfil more than one thing. */
  readonly texts: Texts
  /** Whether a pattern is found in a text. @throws TwohopError at `path` where it is not supported. */
  hasPattern(text: string, pattern: string, path: Path): boolean
  readonly budget: Budget
  /** Counts what only looks at schemas and values. @throws TwohopError where one schema leads to too much of it */
  look(steps: number): void
}
