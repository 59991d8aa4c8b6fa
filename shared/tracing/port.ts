import { formatTraceparent, type TraceParent } from './traceparent.ts'

/** A step of a request, from its beginning to `end`. Nothing here ever throws. */
export type Span = {
  /** The value of the header `traceparent` for calls that are made within it; undefined where nothing is traced. */
  readonly traceparent: string | undefined
  /** Begins a step within this one. @param kind `client` for a call to somebody else; default: a step of our own */
  child(name: string, kind?: 'client'): Span
  /** Gives it another name, where the first was not the whole truth. */
  rename(name: string): void
  /** Notes a count, or a name that we made (shared/tracing/names.ts): nothing that came from a caller or a variable. */
  set(name: string, value: string | number | boolean): void
  /** Notes that it failed. @param code a stable one (shared/errors.ts) */
  fail(code: string): void
  /** Ends it. Only the first call has an effect. */
  end(): void
  /** Runs what is done in it, so that what the platform itself traces of that comes under it. */
  run<T>(step: () => T): T
}

/** Begins traces, or goes on with those of others. */
export type Tracer = {
  /**
   * Begins the span of a request that came in.
   * @param parent the caller's span; undefined for a trace of its own
   * @param sinceMs when it came in, in milliseconds since the epoch; default: now
   */
  begin(name: string, parent: TraceParent | undefined, sinceMs?: number): Span
  /** Sends what has ended, within a bound; only where the platform lets nothing go on between requests. Never rejects. */
  flush?: (() => Promise<void>) | undefined
}

/** A tracer with an end of its own. */
export type ClosableTracer = Tracer & {
  /** Sends what there is, within a bound, and takes no more. Never rejects. */
  close(): Promise<void>
}

/** A step of which nothing is kept. It makes no objects: its steps are itself. */
export const NO_SPAN: Span = {
  traceparent: undefined,
  child: () => NO_SPAN,
  rename() {},
  set() {},
  fail() {},
  end() {},
  run: (step) => step(),
}

/** A step of which nothing is kept here, while calls made within it belong to the trace of `parent`. */
export function passedOn(parent: TraceParent): Span {
  const span: Span = { ...NO_SPAN, traceparent: formatTraceparent(parent), child: () => span }
  return span
}
