import { expect, it } from 'vitest'
import { createR2Results } from '../../../../edge/jobs/r2-results.ts'

// What the store does is in test/contract/jobs/results.test.ts, on a bucket in workerd.

const MIB = 1024 * 1024

/** A page of the results in an object of so many MiB before its end; how many were read too. */
async function pageOf(mebibytes: number) {
  let sent = 0
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (sent++ < mebibytes) return controller.enqueue(new Uint8Array(MIB).fill(32))
        controller.enqueue(new TextEncoder().encode('[[0,"{}"]]'))
        controller.close()
      },
    },
    { highWaterMark: 0 },
  )
  const key = 'job-results/ada/job_1/0-0-9999999999999'
  const object = { body, text: () => new Response(body).text() }
  const bucket = {
    list: async () => ({ objects: [{ key, size: 1 }], truncated: false }),
    get: async () => object,
    put: async () => null,
  }
  const store = createR2Results({ bucket, bytesOfAccount: 1, now: Date.now })
  const page = await store.page({ id: 'job_1', account: 'ada' }, -1, 10).catch(({ code }) => code)
  return { page, sent }
}

it('reads an object to its end, and none that is longer than any that was put', async () => {
  expect((await pageOf(15)).page).toEqual({ results: [{ index: 0, json: '{}' }], more: false })
  expect(await pageOf(40)).toEqual({ page: 'store_unavailable', sent: 17 })
})
