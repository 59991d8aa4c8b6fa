/** Why an export cannot be batched, in words for the operator: it is then served one request at a time. */
export class Unsupported extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause })
    this.name = 'Unsupported'
  }
}
