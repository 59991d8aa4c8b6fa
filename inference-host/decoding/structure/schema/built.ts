import { type Expression, rule } from '../grammar/expression.ts'
import type { jsonRules } from '../grammar/json-text.ts'
import { isObject, type Keywords } from './schema.ts'
import type { Scope } from './scope.ts'

/** What was built of one schema so far. */
export type Built = Pick<Scope, 'named' | 'remembered' | 'idOf'> & {
  /** What was built of the same schema where it stands by itself. Combinations hold the same schemas many times. */
  once(part: unknown, build: () => Expression): Expression
  /** Forgets what may have been built on a rule that is gone. Names and numbers stay taken. */
  forget(): void
}

/** @param rules where named expressions go @param name what their names begin with */
export function createBuilt(rules: ReturnType<typeof jsonRules>, name: string): Built {
  const byKey = new Map<string, Expression>()
  const bySchema = new Map<Keywords, Expression>()
  const ids = new Map<Expression, number>()
  let names = 0
  return {
    named(build) {
      const own = `${name} part ${names++}`
      rules.set(own, build())
      return rule(own)
    },
    remembered(key, build) {
      const present = byKey.get(key) ?? build()
      byKey.set(key, present)
      return present
    },
    idOf(expression) {
      const id = ids.get(expression) ?? ids.size
      ids.set(expression, id)
      return id
    },
    once(part, build) {
      const known = isObject(part) ? bySchema.get(part) : undefined
      if (known !== undefined) return known
      const made = build()
      if (isObject(part)) bySchema.set(part, made)
      return made
    },
    forget() {
      bySchema.clear()
      byKey.clear()
    },
  }
}
