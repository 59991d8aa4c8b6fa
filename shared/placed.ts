/**
 * What is wrong, behind the place where: `plans.0.id: is missing`. What is wrong with the whole has no place.
 * @param path the steps to it, as they may be shown
 */
export function placed(path: readonly PropertyKey[], message: string): string {
  return path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`
}
