import type { Curve } from './scaling.ts'

const WIDTH = 640
const HEIGHT = 360
const PLOT = { left: 60, right: 450, top: 20, bottom: 310 }
/** A blue and an orange that colour-blind readers can tell apart and that show on white and on black. */
const COLOURS = ['#3b82f6', '#d97706']

/**
 * Draws output tokens a second against the number of streams, as an SVG for light and dark pages. Streams double from
 * step to step, so their axis is logarithmic.
 */
export function drawScaling(curves: readonly Curve[]): string {
  const points = curves.flatMap((curve) => curve.points)
  const highest = roundedUp(Math.max(...points.map(({ tokensPerSecond }) => tokensPerSecond)))
  const counts = [...new Set(points.map(({ streams }) => streams))].toSorted((a, b) => a - b)
  const doublings = Math.max(1, Math.log2((counts.at(-1) ?? 1) / (counts[0] ?? 1)))
  const x = (streams: number) =>
    PLOT.left + ((PLOT.right - PLOT.left) * Math.log2(streams / (counts[0] ?? 1))) / doublings
  const y = (speed: number) => PLOT.bottom - ((PLOT.bottom - PLOT.top) * speed) / highest
  const steps = Array.from({ length: 6 }, (_, i) => (highest * i) / 5)
  const middle = (PLOT.top + PLOT.bottom) / 2

  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" font-family="system-ui, sans-serif" font-size="12">`,
    '<title>Output tokens a second against the number of streams</title>',
    '<style>text{fill:#374151}.grid{stroke:#9ca3af;stroke-opacity:.35}@media(prefers-color-scheme:dark){text{fill:#d1d5db}}</style>',
    ...steps.flatMap((step) => [
      `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${at(y(step))}" y2="${at(y(step))}"/>`,
      `<text x="${PLOT.left - 8}" y="${at(y(step) + 4)}" text-anchor="end">${step}</text>`,
    ]),
    ...counts.map(
      (count) => `<text x="${at(x(count))}" y="${PLOT.bottom + 18}" text-anchor="middle">${count}</text>`,
    ),
    `<text x="${(PLOT.left + PLOT.right) / 2}" y="${PLOT.bottom + 40}" text-anchor="middle">streams at once (64 tokens in, 64 out)</text>`,
    `<text transform="translate(16 ${middle}) rotate(-90)" text-anchor="middle">output tokens a second</text>`,
    ...curves.flatMap((curve, i) => drawCurve(curve, COLOURS[i] ?? 'gray', x, y)),
    '</svg>\n',
  ].join('\n')
}

function drawCurve(
  { name, points }: Curve,
  colour: string,
  x: (streams: number) => number,
  y: (speed: number) => number,
): string[] {
  const places = points.map(({ streams, tokensPerSecond }) => [x(streams), y(tokensPerSecond)] as const)
  const [endX = 0, endY = 0] = places.at(-1) ?? []
  const line = places.map(([left, top]) => `${at(left)},${at(top)}`).join(' ')
  const dots = places.map(
    ([left, top]) => `<circle cx="${at(left)}" cy="${at(top)}" r="3.5" fill="${colour}"/>`,
  )
  return [
    `<polyline points="${line}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...dots,
    `<text x="${at(endX + 10)}" y="${at(endY + 4)}" style="fill:${colour}">${name}, ${Math.round(points.at(-1)?.tokensPerSecond ?? 0)}</text>`,
  ]
}

const at = (value: number) => value.toFixed(1)

/** The next round number that divides into five equal steps: 1, 2, 2.5 or 5 times a power of ten, times five. */
function roundedUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value / 5))
  const step = [1, 2, 2.5, 5, 10].find((one) => one * power * 5 >= value) ?? 10
  return step * power * 5
}
