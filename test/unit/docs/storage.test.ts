import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { DEAD_LETTERS } from '../../../edge/ledger/upstash.ts'

const read = (path: string) => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8')

/** Names in the first cell of each row of a page's section. */
const listed = async (section: string) => namesIn(await sectionOf(section))

async function sectionOf(section: string): Promise<string> {
  const [, text = ''] = (await read('docs/storage.md')).split(`\n## ${section}\n`)
  return text.split('\n## ')[0] ?? ''
}

function namesIn(text: string): string[] {
  const rows = text.matchAll(/^\| (`.+?`) +\|/gm)
  return [...rows].flatMap(([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name))
}

describe('docs/storage.md', () => {
  it('lists every key in Redis, and no other', async () => {
    const sources = ['edge/store/redis-keys.ts', 'shared/jobs/record.ts']
    const pages = (await Promise.all(sources.map(read))).join('')
    const rows = [...pages.matchAll(/^ \* \| (`twohop:.+?`) \|/gm)]
    const keys = rows.flatMap(([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, key = '']) => key))
    expect(keys.length).toBeGreaterThan(6)
    const [first = '', most = ''] = (await sectionOf('Redis')).split('\n### The most that it holds\n')
    const all = [...new Set([...keys, DEAD_LETTERS])].sort()
    expect(namesIn(first).sort()).toEqual(all)
    expect(namesIn(most).sort(), 'each with the most that it holds').toEqual(all)
  })

  it('lists every table in Postgres, and no other', async () => {
    const names = await readdir(new URL('../../../supabase/migrations/', import.meta.url))
    const texts = await Promise.all(names.map((name) => read(`supabase/migrations/${name}`)))
    const tables = texts.flatMap((text) =>
      [...text.matchAll(/^ *create table (?:if not exists )?twohop\.(\w+)/gm)].map(([, table]) => table),
    )
    expect(tables.length).toBeGreaterThan(8)
    expect((await listed('Postgres')).sort()).toEqual(tables.sort())
  })
})

it('supabase/README.md lists every migration, in their order', async () => {
  const names = (await readdir(new URL('../../../supabase/migrations/', import.meta.url))).sort()
  const shown = names.map((name) => name.replace(/^\d{10}(\d{4}_\w+)\.sql$/, '..$1'))
  const [table = ''] = (await read('supabase/README.md')).split('\n## ')
  expect(namesIn(table).filter((name) => name.startsWith('..'))).toEqual(shown)
})
