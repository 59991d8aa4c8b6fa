/** What docs/errors.md says of a code, beside what the code itself gives. */
export type ErrorWords = {
  when: string
  /** What a client or its user should do, where there is something. */
  todo?: string
  /** What the request is charged with: by default nothing. The page's legend says what each word means. */
  pays?: 'time' | 'computed'
  /** When there is a `Retry-After`, where that is not always so or never. */
  waits?: string
}
