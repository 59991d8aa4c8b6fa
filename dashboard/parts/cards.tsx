import { counted } from './numbers.ts'

/** Counts that are seen at once, each under its name. */
export function Cards({ of }: { of: readonly (readonly [title: string, count: number])[] }) {
  return (
    <div class="cards">
      {of.map(([title, count]) => (
        <article key={title}>
          <h2>{title}</h2>
          <strong>{counted(count)}</strong>
        </article>
      ))}
    </div>
  )
}
