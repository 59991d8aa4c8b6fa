/**
 * The samples of a text in Prometheus' exposition format, version 0.0.4, by name without `twohop_` and labels. A host
 * with one model has each counter and gauge once.
 */
export function readExposition(text: string): Map<string, number> {
  const samples = [...text.matchAll(/^twohop_(\w+)(?:\{[^}]*\})? (\S+)$/gm)]
  return new Map(samples.map(([, name = '', value]) => [name, Number(value)]))
}
