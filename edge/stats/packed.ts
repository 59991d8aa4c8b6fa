/**
 * Sums in one text, as the scripts keep them in a field of a hash: ` o=12 p=340 t=56`, names and whole numbers. One field
 * is read and written by two commands, however many sums are in it, and each command of a script is billed
 * (docs/cost.md). A sum that is 0 may be missing.
 */
export type Sums = ReadonlyMap<string, number>

/** The text of sums, such as a script takes. Names have letters, digits and underscores only. */
export function packed(sums: Iterable<readonly [name: string, sum: number]>): string {
  return [...sums].flatMap(([name, sum]) => (sum === 0 ? [] : [` ${name}=${sum}`])).join('')
}

/** The sums in a text. What cannot be read is left out: a view must not fail by what an older version wrote. */
export function unpacked(text: string): Sums {
  return new Map(
    [...text.matchAll(/(?<= )(\w+)=(-?\d{1,16})(?= |$)/g)].map(([, name = '', sum]) => [name, Number(sum)]),
  )
}
