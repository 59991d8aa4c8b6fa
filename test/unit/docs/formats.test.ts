import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { ModelEntry } from '../../../inference-host/weights/manifest.ts'
import { Catalog, Model, Plan } from '../../../shared/catalog.ts'
import { Upstream } from '../../../shared/upstreams.ts'
import { ROOT } from '../../fixtures/pages.ts'

type Field = { schema: z.ZodType; stated: string }

/** The fields of a schema by their paths, each with its default as the page has it. */
function fieldsOf(schema: z.ZodType, path = '', optional = false): Record<string, Field> {
  const inner = withoutWrapping(schema)
  if (inner instanceof z.ZodObject)
    return Object.assign(
      {},
      ...Object.entries(inner.shape as Record<string, z.ZodType>).map(([name, field]) =>
        fieldsOf(field, path === '' ? name : `${path}.${name}`, optional || schema instanceof z.ZodOptional),
      ),
    )
  const empty = schema.safeParse(undefined)
  const stated = !empty.success && !optional ? 'required' : String(empty.data ?? 'none')
  return { [path]: { schema: inner, stated } }
}

function withoutWrapping(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return withoutWrapping(schema.unwrap() as z.ZodType)
  return schema
}

/** The rows of the table after a marker of docs/configuration.md, by field: its meaning and its default. */
function tableAfter(marker: string): Record<string, { meaning: string; stated: string }> {
  const [, after = ''] = readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8').split(
    `<!-- ${marker} -->\n`,
  )
  const [table = ''] = after.split('\n\n')
  const rows = table.split('\n').slice(2)
  return Object.fromEntries(
    rows.map((row) => {
      const [, field = '', meaning = '', stated = ''] = row.split('|').map((cell) => cell.trim())
      return [field.replaceAll('`', ''), { meaning, stated }]
    }),
  )
}

describe('docs/configuration.md', () => {
  it.each([
    ['manifest', ModelEntry],
    ['catalog', Catalog],
    ['catalog upstreams', z.object(Object.assign({}, ...Upstream.options.map(({ shape }) => shape)))],
    ['catalog models', Model],
    ['catalog plans', Plan],
  ] as [string, z.ZodType][])(
    'has every field of: %s, with its default and its choices',
    (marker, schema) => {
      const table = tableAfter(marker)
      const fields = fieldsOf(schema)
      expect(Object.keys(table)).toEqual(Object.keys(fields))
      for (const [name, { schema: field, stated }] of Object.entries(fields)) {
        expect(table[name]?.stated, name).toBe(stated)
        const list = field instanceof z.ZodArray ? (field.element as z.ZodType) : field
        const choices =
          list instanceof z.ZodEnum ? list.options : list instanceof z.ZodLiteral ? [...list.values] : []
        for (const choice of choices) expect(table[name]?.meaning, name).toContain(String(choice))
      }
    },
  )
})
