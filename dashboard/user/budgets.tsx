import type { Window } from '../api/shapes.ts'
import { counted, lasting } from '../parts/numbers.ts'

const NAMES: Readonly<Record<string, string>> = { minute: 'This minute', day: 'Today', month: 'This month' }

/** What is left of each budget, and how long until it begins anew. */
export function Budgets({ units }: { units: Readonly<Record<string, Window>> }) {
  return (
    <div class="cards">
      {Object.entries(units).map(([window, budget]) => (
        <Budget key={window} title={NAMES[window] ?? window} {...budget} />
      ))}
    </div>
  )
}

function Budget({ title, limit, used, held, resets_in }: { title: string } & Window) {
  const left = limit === null ? undefined : Math.max(0, limit - used - held)
  return (
    <article>
      <h2>{title}</h2>
      <strong>{counted(left ?? used)}</strong> {left === undefined ? 'units used' : 'units left'}
      {limit !== null && (
        <progress
          max={Math.max(1, limit)}
          value={Math.min(limit, used + held)}
          aria-label={`${title}, used`}
        />
      )}
      <div class="quiet">
        <small>
          {counted(used)} used{held > 0 && `, ${counted(held)} held`}
          {limit !== null && ` of ${counted(limit)}`}; begins anew in {lasting(resets_in)}
        </small>
      </div>
    </article>
  )
}
