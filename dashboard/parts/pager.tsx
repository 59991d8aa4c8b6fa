type Props = {
  /** Where the page that is shown begins; '' for the first. */
  at: string
  /** Where the next one does, as the edge says it; null where there is none. */
  next: string | null
  onGo: (at: string) => void
  /** What the way back to the first page is called, and the way on. */
  first: string
  more: string
}

/** The ways between pages of a list. */
export function Pager({ at, next, onGo, first, more }: Props) {
  return (
    <div class="row">
      {at !== '' && (
        <button type="button" class="secondary" onClick={() => onGo('')}>
          {first}
        </button>
      )}
      {next !== null && (
        <button type="button" class="secondary" onClick={() => onGo(next)}>
          {more}
        </button>
      )}
    </div>
  )
}
