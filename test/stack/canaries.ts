/** In every planted secret. */
export const CANARY = 'c4n4ry'

/** Secrets that say where they were planted, in a form that the guards know. */
export function createCanaries() {
  const planted: string[] = []
  return {
    /** Another secret. @param where told where it is found again */
    plant: (where: string): string => `sk-${CANARY}-${planted.push(where) - 1}-${'a1B2c3D4'.repeat(3)}`,
    /** Where the secrets of a text were planted. */
    in: (text: string): string[] =>
      [
        ...new Set(
          [...text.matchAll(new RegExp(`${CANARY}-(\\d+)`, 'g'))].map(
            ([, i]) => planted[Number(i)] ?? `variable ${i}`,
          ),
        ),
      ].concat(text.replace(new RegExp(`${CANARY}-\\d+`, 'g'), '').includes(CANARY) ? ['some other'] : []),
    get count() {
      return planted.length
    },
  }
}

type Step = string | number

/** Copies of a body, each with one of its texts replaced, or one more field whose name and value are secret. */
export function* plantedIn(body: object, plant: (where: string) => string): Generator<object> {
  for (const path of leavesOf(body)) yield changed(body, path, plant(path.join('.')))
  const secret = plant('a field that there is not')
  yield { ...body, [secret]: secret }
}

/** The paths of all texts in a value. */
function* leavesOf(value: unknown, path: Step[] = []): Generator<Step[]> {
  if (typeof value === 'string') yield path
  else if (Array.isArray(value)) for (const [i, one] of value.entries()) yield* leavesOf(one, [...path, i])
  else if (typeof value === 'object' && value !== null)
    for (const [key, one] of Object.entries(value)) yield* leavesOf(one, [...path, key])
}

function changed(body: object, path: readonly Step[], text: string): object {
  return JSON.parse(JSON.stringify(put(body, path, text)))
}

function put(value: unknown, [step, ...rest]: readonly Step[], text: string): unknown {
  if (step === undefined) return text
  if (Array.isArray(value)) return value.map((one, i) => (i === step ? put(one, rest, text) : one))
  return Object.fromEntries(
    Object.entries(value ?? {}).map(([key, one]) => [key, key === step ? put(one, rest, text) : one]),
  )
}
