import { expect, test } from 'vitest'
import { createResidentEngine } from '../../../../inference-host/residency/resident-engine.ts'
import type { EngineEvent } from '../../../../inference-host/work/engine.ts'
import { CHAT_WORK } from '../../../fixtures/hand-engine.ts'
import { residencyParts, settleIn } from '../../../fixtures/residency/parts.ts'

function setUp() {
  const parts = residencyParts()
  const heard: string[] = []
  const engine = createResidentEngine(
    parts.state,
    { shut: () => void heard.push('shut'), examine: async () => void heard.push('examine') },
    async () => {},
  )
  const report = (event: EngineEvent) => void heard.push(event.type === 'ended' ? event.end.how : event.type)
  return { ...parts, engine, heard, report }
}

test('work for a model that is not in memory is lost, but not before the call returns', async () => {
  const { engine, heard, report } = setUp()
  const { stop } = engine.run(CHAT_WORK, report)
  stop()
  expect(heard).toEqual([])
  await Promise.resolve()
  expect(heard).toEqual(['lost'])
})

test('the gate is shut before a loss is reported, so that nothing is sent after it', () => {
  const { engine, heard, report, state, clock } = setUp()
  const { engine: inner } = settleIn(state, clock)
  engine.run(CHAT_WORK, report)
  inner.runs[0]?.end({ how: 'lost' })
  expect(heard).toEqual(['shut', 'lost'])
})

test('a failure has the device examined; a refusal or a stop says nothing of it', () => {
  const { engine, heard, report, state, clock } = setUp()
  const { engine: inner } = settleIn(state, clock)
  for (const end of [{ how: 'failed' }, { how: 'stopped' }] as const) {
    engine.run(CHAT_WORK, report)
    inner.runs.at(-1)?.end(end)
  }
  expect(heard).toEqual(['examine', 'failed', 'stopped'])
})

test('what is not known before the first load is an error, not a guess', () => {
  const { engine } = setUp()
  expect(() => engine.info).toThrow('nothing is known of m before it is loaded')
  expect([engine.slots, engine.load?.()]).toEqual([1, undefined])
})
