import { useState } from 'preact/hooks'

/** A button that copies a text. */
export function Copy({ text }: { text: string }) {
  const [told, setTold] = useState('Copy')
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setTold('Copied'),
      () => setTold('Copying is not allowed here'),
    )
  return (
    <button type="button" class="secondary" onClick={copy}>
      {told}
    </button>
  )
}
