import * as z from 'zod'

/**
 * Schema of a record of at most `most` entries. They are counted before any of them is looked at: zod makes a complaint
 * of some hundred bytes for each bad one, so a body of many bad entries would become many times as large.
 */
export function boundedRecord<Key extends z.ZodString, Value extends z.ZodType>(
  key: Key,
  value: Value,
  most: number,
) {
  return z
    .unknown()
    .refine(
      (given) => typeof given !== 'object' || given === null || Object.keys(given).length <= most,
      `at most ${most} entries`,
    )
    .pipe(z.record(key, value))
}
