/**
 * The samples of a text in Prometheus' exposition format, version 0.0.4, by name and without labels: of a host with one
 * model each counter and gauge is there once.
 */
export function readExposition(text: string): Map<string, number> {
  const samples = [...text.matchAll(/^twohop_(\w+)(?:\{[^}]*\})? (\S+)$/gm)]
  return new Map(samples.map(([, name = '', value]) => [name, Number(value)]))
}
