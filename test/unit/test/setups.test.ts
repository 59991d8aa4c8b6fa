import { expect, it } from 'vitest'
import { createSetups } from '../../setups.ts'

const project = (name: string) => ({ name })

/** Setups that end when they are told to, with what happened so far. */
function slow(...names: string[]) {
  const happened: string[] = []
  const ends = new Map(names.map((name) => [name, Promise.withResolvers<void>()]))
  const files = Object.fromEntries(
    names.map((name) => [
      name,
      async () => ({
        async default() {
          happened.push(`${name} begins`)
          await ends.get(name)?.promise
          return async () => void happened.push(`${name} stops`)
        },
      }),
    ]),
  )
  return { files, happened, end: (name: string) => ends.get(name)?.resolve(), ends }
}

const loaded = () => new Promise((resolve) => setImmediate(resolve))

it('begins all at once, and ends with the last of them', async () => {
  const { files, happened, end } = slow('stack', 'clients')
  const setups = createSetups(files)
  const begun = setups.begin([project('stack'), project('clients'), project('unit')])
  await loaded()
  expect(happened).toEqual(['stack begins', 'clients begins'])
  end('clients')
  expect(await Promise.race([begun, loaded().then(() => 'not all')])).toBe('not all')
  end('stack')
  expect((await begun).map(({ name }) => name)).toEqual(['stack', 'clients'])
  await setups.stop()
  expect(happened.slice(2).toSorted()).toEqual(['clients stops', 'stack stops'])
})

it('does each setup once, and those alone that are asked for', async () => {
  const { files, happened, end } = slow('stack', 'clients')
  const setups = createSetups(files)
  end('stack')
  expect(await setups.begin([project('stack'), project('stack')])).toMatchObject([{ name: 'stack' }])
  expect(await setups.begin([project('stack')])).toEqual([])
  expect(happened).toEqual(['stack begins'])
})

it('names each setup that failed, once what the others started is stopped', async () => {
  const { files, happened, end, ends } = slow('stack', 'clients', 'fuzz')
  const setups = createSetups({ ...files, faults: () => Promise.reject(new Error('no such file')) })
  ends.get('clients')?.reject(new Error('no registry'))
  const begun = setups.begin(['stack', 'clients', 'fuzz', 'faults'].map(project))
  const failed = expect(begun).rejects.toThrow('Setups failed: clients: no registry\nfaults: no such file')
  await loaded()
  end('stack')
  end('fuzz')
  await failed
  expect(happened.slice(3)).toEqual(['stack stops', 'fuzz stops'])
  await setups.stop()
  expect(happened).toHaveLength(5)
})

it('stops everything, though the way to stop one fails', async () => {
  const { files, happened, end } = slow('stack')
  const broken = async () => ({ default: async () => () => Promise.reject(new Error('stuck')) })
  const setups = createSetups({ clients: broken, ...files })
  end('stack')
  await setups.begin(['clients', 'stack'].map(project))
  await expect(setups.stop()).rejects.toThrow('stuck')
  expect(happened).toEqual(['stack begins', 'stack stops'])
})
