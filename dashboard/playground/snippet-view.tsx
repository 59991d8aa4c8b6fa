import { Copy } from '../parts/copy.tsx'
import { TextBlock } from '../parts/text-block.tsx'
import { bodyOf, type Settings } from './body.ts'
import { asCode, asCurl } from './snippets.ts'

/** The request as it stands in the form, for a shell and for a program. */
export function Snippets({ edge, settings }: { edge: string; settings: Settings }) {
  let body: Record<string, unknown>
  try {
    body = bodyOf(settings)
  } catch {
    return null
  }
  return (
    <>
      <Snippet title="The same as curl" text={asCurl(edge, body)} />
      <Snippet title="The same as code" text={asCode(edge, body)} />
    </>
  )
}

function Snippet({ title, text }: { title: string; text: string }) {
  return (
    <details>
      <summary>{title}</summary>
      <TextBlock label={title} text={text} />
      <Copy text={text} />
    </details>
  )
}
