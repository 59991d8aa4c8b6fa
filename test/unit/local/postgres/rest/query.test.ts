import { describe, expect, it } from 'vitest'
import { queryOf } from '../../../../../local/postgres/rest/query.ts'

const query = (text: string) => queryOf(new URLSearchParams(text))

describe("PostgREST's URLs", () => {
  it('ask for all, or for columns, also under other names', () => {
    expect(query('')).toEqual({ columns: '*', where: '', order: '', limit: undefined, offset: 0 })
    expect(query('select=at,spent:units').columns).toBe('"at", "units" as "spent"')
  })

  it('filter, order and cut', () => {
    expect(query('units=gte.5&model=not.eq.a&order=at.desc.nullslast,seq&limit=10&offset=20')).toEqual({
      columns: '*',
      where: `where "units" >= E'5' and not ("model" = E'a')`,
      order: 'order by "at" desc nulls last, "seq"',
      limit: 10,
      offset: 20,
    })
    expect(query('a=is.null&b=in.(1,"x,\\"y")&c=like.*z').where).toBe(
      `where "a" is null and "b" in (E'1', E'x,"y') and "c" like E'%z'`,
    )
  })

  it('bring no SQL in: texts are quoted, names are names', () => {
    expect(query(`a=eq.${encodeURIComponent("'; drop table x; --\\")}`).where).toBe(
      `where "a" = E'''; drop table x; --\\\\'`,
    )
    for (const odd of [
      'select=count(*)',
      'select=a;b',
      'a"b=eq.1',
      'order=at;drop',
      'order=at.sideways',
      'limit=-1',
      'limit=1e3',
      'a=or.1',
      'a=is.1',
      'a=in.1,2',
      'a=1',
    ])
      expect(() => query(odd), odd).toThrow(expect.objectContaining({ code: 'PGRST100' }))
  })
})
