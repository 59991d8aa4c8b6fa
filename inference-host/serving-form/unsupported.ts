/** Why an export has no serving form, in words for the operator. It never leaves this folder: see prepare.ts. */
export class Unsupported extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause })
    this.name = 'Unsupported'
  }
}
