import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { prepareServingForm } from '../../../../../inference-host/decoding/serving-form/prepare.ts'
import { recordFileOf } from '../../../../../inference-host/decoding/serving-form/record.ts'
import { tinyDecoder } from '../../../../fixtures/graphs/tiny-decoder.ts'
import { saved } from '../../../../fixtures/saved-graph.ts'

// In a file of its own: a session whose creation failed can spoil later ones of its process.
test('a form for a device that is not there is refused, and leaves nothing behind', async () => {
  const places = await saved(tinyDecoder())
  expect(await prepareServingForm({ ...places, device: 'cuda' })).toEqual({
    unsupported: expect.stringMatching(/^it does not run: .*CUDA/i),
  })
  expect([existsSync(places.outFile), existsSync(recordFileOf(places.outFile))]).toEqual([false, false])
})
