import type { ReadError } from '../../client/index.ts'

/** The edge's own refusal. */
export class Refused extends Error {
  readonly refusal: ReadError
  readonly status: number

  constructor(refusal: ReadError, status: number) {
    super(refusal.message)
    this.name = 'Refused'
    this.refusal = refusal
    this.status = status
  }
}

/** The edge has no such route: it is older than this page, or does not keep that. */
export class NotServed extends Error {
  constructor() {
    super('Not served by this edge.')
    this.name = 'NotServed'
  }
}
