import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { DataTable } from './data-table.tsx'
import { counted, inShort } from './numbers.ts'
import { MOST_SERIES, type Series, stacked } from './stacked.ts'

type Props = {
  title: string
  /** Names of the places on the axis, such as days. */
  places: readonly string[]
  series: readonly Series[]
  /** What a place is; a day by default. */
  place?: string
}

const HEIGHT = 240

/** Bars on top of each other, with their numbers as a table behind them. */
export function Chart({ title, places, series, place: placeName = 'Day' }: Props) {
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const element = box.current
    if (!element) return
    let plot = draw(element, places, series)
    const again = () => {
      plot.destroy()
      plot = draw(element, places, series)
    }
    const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }))
    resized.observe(element)
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    scheme.addEventListener('change', again)
    return () => {
      scheme.removeEventListener('change', again)
      resized.disconnect()
      plot.destroy()
    }
  }, [places, series])
  return (
    <figure>
      <figcaption>{title}</figcaption>
      <div class="plot" ref={box} aria-hidden="true" />
      <ul class="legend">
        {series.map(({ name }, index) => (
          <li key={name}>
            <i class={`series-${index}`} />
            {name}
          </li>
        ))}
      </ul>
      <details>
        <summary>{title}, as a table</summary>
        <DataTable
          caption={title}
          rows={places.map((place, index) => ({ place, index }))}
          keyOf={({ place }) => place}
          columns={[
            { head: placeName, cell: ({ place }) => place },
            ...series.map(({ name, values }) => ({
              head: name,
              cell: ({ index }: { index: number }) => counted(values[index] ?? 0),
              number: true as const,
            })),
          ]}
        />
      </details>
    </figure>
  )
}

function draw(element: HTMLElement, places: readonly string[], series: readonly Series[]): uPlot {
  const style = getComputedStyle(element)
  const colour = (name: string) => style.getPropertyValue(name).trim()
  const axis = { stroke: colour('--pico-muted-color'), grid: { stroke: colour('--pico-muted-border-color') } }
  const bars = uPlot.paths.bars?.({ size: [0.7, 48] })
  // The tallest is drawn first, and the others over it.
  const layers = stacked(series).toReversed()
  return new uPlot(
    {
      width: element.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: () => [-0.5, Math.max(1, places.length) - 0.5] },
        y: { range: (_, __, most) => [0, Math.max(1, most * 1.05)] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          space: 60,
          incrs: [1, 2, 3, 5, 7, 10, 14, 30],
          values: (_, ticks) => ticks.map((tick) => places[tick] ?? ''),
        },
        { ...axis, size: 56, values: (_, ticks) => ticks.map(inShort) },
      ],
      series: [
        {},
        ...layers.map((_, index) => {
          const fill = colour(`--series-${Math.min(MOST_SERIES, layers.length - 1 - index)}`)
          return { fill, width: 0, points: { show: false }, ...(bars && { paths: bars }) }
        }),
      ],
    },
    [places.map((_, index) => index), ...layers],
    element,
  )
}
