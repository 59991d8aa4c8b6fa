import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'
import { expect, it } from 'vitest'
import { ROOT, repositoryFiles } from '../../fixtures/imports.ts'

const FIELDS = new Set(['input', 'textarea', 'select'])
/** What sets a field anew each time that it is drawn. */
const SET = ['value', 'checked']
const HEARD = ['onInput', 'onChange']

/**
 * Lines of fields that forget what is typed: each time that they are drawn, such as when data came, they are set to what
 * nobody changes as somebody types. Such a field takes a `defaultValue`.
 */
function forgetful(file: string, text: string): number[] {
  const lines: number[] = []
  new Visitor({
    JSXOpeningElement({ name, attributes, start }) {
      if (name.type !== 'JSXIdentifier' || !FIELDS.has(name.name)) return
      const names = attributes.flatMap((each) =>
        each.type === 'JSXAttribute' && each.name.type === 'JSXIdentifier' ? [each] : [],
      )
      const has = (wanted: string) => names.find((each) => each.name.name === wanted)
      const type = has('type')?.value
      // The value of a box to tick is its name in the form.
      const ticked = type?.type === 'Literal' && (type.value === 'checkbox' || type.value === 'radio')
      const isSet = SET.some((each) => has(each) && !(each === 'value' && ticked))
      if (isSet && !HEARD.some(has)) lines.push(text.slice(0, start).split('\n').length)
    },
  }).visit(parseSync(file, text).program)
  return lines
}

it('no field of the dashboard forgets what is typed when data is refreshed', () => {
  const files = repositoryFiles().filter((file) => /^dashboard\/.*\.tsx$/.test(file))
  expect(files.length).toBeGreaterThan(20)
  const found = files.flatMap((file) =>
    forgetful(file, readFileSync(path.join(ROOT, file), 'utf8')).map((line) => `${file}:${line}`),
  )
  expect(found).toEqual([])
})

it('such a field is found, one that hears what is typed is not', () => {
  const text = `const a = <input name="plan" value={plan} />
const b = <input value={plan} onInput={hear} />
const c = <input type="checkbox" value="chat" defaultChecked />
const d = <input type="checkbox" checked={on} />
const e = <textarea defaultValue="" />`
  expect(forgetful('x.tsx', text)).toEqual([1, 4])
})
