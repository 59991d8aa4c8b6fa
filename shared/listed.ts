/** The entries of a variable that is a list by comma, without spaces around them. */
export const entriesOf = (list: string): string[] =>
  list
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean)

/**
 * A complaint about one entry of a list. It names the entry by its place: what stands there may be a secret.
 * @param index the entry's, from 0
 * @param count how many there are; a lone one needs no place
 */
export const ofEntry = (index: number, count: number, rule: string): string =>
  count === 1 ? rule : `entry ${index + 1} ${rule}`
