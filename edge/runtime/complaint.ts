/** `missing`: the variable must be set, and is not. `wrong`: its value breaks a rule. */
export type ComplaintCode = 'missing' | 'wrong'

/** What is wrong with a variable. As text it is one line, such as `HOST_URL: must begin with https://`, with no secret. */
export class Complaint {
  readonly code: ComplaintCode
  readonly variable: string
  /** The way to what is wrong within the value, such as `.plans.0.id`; empty for all of it. */
  readonly within: string
  /** The rule that is broken. Of the value it shows at most the origin of a URL. */
  readonly rule: string

  constructor(code: ComplaintCode, variable: string, rule: string, within = '') {
    this.code = code
    this.variable = variable
    this.within = within
    this.rule = rule
  }

  /** The same under the name by which somebody knows the variable, such as an option's. */
  under(name: string): string {
    return `${name}${this.within}: ${this.rule}`
  }

  toString(): string {
    return this.under(this.variable)
  }
}
