import { useState } from 'preact/hooks'
import { NewKey as Shape } from '../api/shapes.ts'
import { useApi } from '../api/use-api.ts'
import { Copy } from '../parts/copy.tsx'
import { Failure } from '../parts/states.tsx'

/** Makes an API key, and shows its secret this once. */
export function NewKey({ scopes, onMade }: { scopes: readonly string[]; onMade: () => void }) {
  const api = useApi()
  const [made, setMade] = useState('')
  const [error, setError] = useState<unknown>()
  async function send(event: SubmitEvent) {
    event.preventDefault()
    const form = event.currentTarget
    if (!(form instanceof HTMLFormElement)) return
    const fields = new FormData(form)
    setError(undefined)
    try {
      const body = {
        name: String(fields.get('name')),
        scopes: fields.getAll('scope').map(String),
        expires_in_days: Number(fields.get('days')),
      }
      setMade((await api.ask('/v1/keys', Shape, { body })).key)
      form.reset()
      onMade()
    } catch (thrown) {
      setError(thrown)
    }
  }
  return (
    <article>
      <h2>A new key</h2>
      {made !== '' && (
        <div role="status" id="made">
          <p>Copy it now. It is shown this once, and kept nowhere.</p>
          <pre>{made}</pre>
          <div class="row">
            <Copy text={made} />
            <button type="button" class="secondary" onClick={() => setMade('')}>
              Hide it
            </button>
          </div>
        </div>
      )}
      <form onSubmit={send}>
        <div class="row">
          <label>
            Name
            <input name="name" required maxLength={100} />
          </label>
          <label>
            Days until it ends
            <input name="days" type="number" min={1} max={365} defaultValue={90} required />
          </label>
        </div>
        <fieldset class="row checks">
          <legend>What it may do</legend>
          {scopes.map((scope) => (
            <label key={scope}>
              <input type="checkbox" name="scope" value={scope} defaultChecked={scope === 'chat'} /> {scope}
            </label>
          ))}
        </fieldset>
        {error !== undefined && <Failure error={error} />}
        <button type="submit">Make the key</button>
      </form>
    </article>
  )
}
