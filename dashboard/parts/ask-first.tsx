import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Failure } from './states.tsx'

type Props = {
  title: string
  /** What the button says that does it. */
  does: string
  onDo: (form: FormData) => Promise<void>
  onClose: () => void
  children: ComponentChildren
}

/** Asks before something is done that cannot be taken back, or needs a reason. */
export function AskFirst({ title, does, onDo, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  useEffect(() => dialog.current?.showModal(), [])
  async function send(event: SubmitEvent) {
    event.preventDefault()
    if (!(event.currentTarget instanceof HTMLFormElement)) return
    setBusy(true)
    setError(undefined)
    try {
      await onDo(new FormData(event.currentTarget))
      onClose()
    } catch (thrown) {
      setError(thrown)
      setBusy(false)
    }
  }
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="ask-first">
      <article>
        <h2 id="ask-first">{title}</h2>
        <form onSubmit={send}>
          {children}
          {error !== undefined && <Failure error={error} />}
          <div class="row">
            <button type="submit" aria-busy={busy} disabled={busy}>
              {does}
            </button>
            <button type="button" class="secondary" onClick={onClose}>
              Leave it
            </button>
          </div>
        </form>
      </article>
    </dialog>
  )
}
