import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { faults } from '../../../fixtures/weights/hub-server.ts'
import { hubEntry, setUp, TOKEN } from '../../../fixtures/weights/small-pull.ts'
import { TINY_WEIGHTS, tinyModel } from '../../../fixtures/weights/tiny-model.ts'

describe('a hub that refuses', () => {
  test.each([401, 403])('with %i is not asked again, and HF_TOKEN is named', async (status) => {
    const { run, hub, waits } = await setUp()
    hub.script('list', faults.status(status))
    const failure = await run({ token: undefined }).catch((thrown) => thrown)
    expect(failure).toMatchObject({
      code: 'hub_denied',
      message: `owner/name at main: the hub answers ${status}: it is private, gated or not there; set HF_TOKEN to a token that may read it`,
    })
    expect(waits).toEqual([])
  })

  test('although it got a token: the message does not hold it', async () => {
    const { run, hub } = await setUp()
    hub.script('hub config.json', faults.status(403))
    const failure = await run().catch((thrown) => thrown)
    expect(failure).toMatchObject({
      code: 'hub_denied',
      message: expect.stringContaining('owner/name/config.json'),
    })
    expect(failure.message).toContain('HF_TOKEN')
    expect(failure.message).not.toContain(TOKEN)
  })

  test('with 404 is named by repository or by file', async () => {
    const { run } = await setUp({ entry: { ...hubEntry, source: 'owner/other' } })
    await expect(run()).rejects.toMatchObject({
      code: 'hub_not_found',
      message: 'owner/other at main: the hub does not have it (404)',
    })
    const second = await setUp()
    second.hub.script('hub config.json', faults.status(404))
    await expect(second.run()).rejects.toMatchObject({
      code: 'hub_not_found',
      message: 'owner/name/config.json: the hub does not have it (404)',
    })
  })

  test.each([500, 503, 429, 408])('with %i gets another try', async (status) => {
    const { run, hub, waits } = await setUp()
    hub.script('list', faults.status(status))
    hub.script(`storage ${TINY_WEIGHTS}`, faults.status(status))
    expect(await run()).toHaveLength(1)
    expect(waits).toEqual([250, 250])
  })

  test('is waited for as long as it asks, within bounds', async () => {
    const { run, hub, waits } = await setUp()
    hub.script(
      'list',
      faults.status(429, { 'retry-after': '7' }),
      faults.status(503, { 'retry-after': '9999' }),
    )
    await run()
    expect(waits).toEqual([7000, 20_000])
  })

  test('before it is asked, as fetch does for some ports, is reported in words', async () => {
    const { run } = await setUp()
    await expect(run({ endpoint: 'http://127.0.0.1:9' })).rejects.toMatchObject({
      code: 'hub_unreachable',
      message: 'cannot reach http://127.0.0.1:9 (bad port); HF_ENDPOINT names another hub',
    })
  })

  test('for good is given up after the last try', async () => {
    const { run, hub, waits } = await setUp()
    hub.script('list', faults.status(500), faults.status(500), faults.status(500))
    await expect(run()).rejects.toMatchObject({
      code: 'hub_failed',
      message: 'owner/name at main: the hub answers 500',
    })
    expect(waits).toEqual([250, 500])
  })

  test('by an expired link to its storage is asked for a new one, and no link shows', async () => {
    const { run, hub } = await setUp()
    hub.script(`storage ${TINY_WEIGHTS}`, faults.status(403), faults.status(403), faults.status(403))
    const failure = await run().catch((thrown) => thrown)
    expect(failure).toMatchObject({ code: 'hub_failed' })
    expect(failure.message).not.toContain('signature')
    expect(hub.seen.hub.filter(({ url }) => url.endsWith(TINY_WEIGHTS))).toHaveLength(3)
  })

  test('that is not there is named with its cause', async () => {
    const { run, waits } = await setUp()
    // Port 9 (discard) is open nowhere today.
    await expect(run({ endpoint: 'http://127.0.0.1:9' })).rejects.toMatchObject({
      code: 'hub_unreachable',
      message: expect.stringMatching(/^cannot reach http:\/\/127\.0\.0\.1:9 \(/),
    })
    expect(waits).toHaveLength(2)
  })

  test('that redirects forever is left', async () => {
    const { run, hub } = await setUp()
    hub.script('hub config.json', ...Array.from({ length: 6 }, () => faults.redirect('config.json')))
    await expect(run()).rejects.toMatchObject({
      code: 'hub_failed',
      message: expect.stringContaining('redirects'),
    })
  })

  test.each(['file:///etc/passwd', 'ftp://127.0.0.1/x', 'http://['])(
    'that redirects to %s is left',
    async (to) => {
      const { run, hub } = await setUp()
      hub.script('hub config.json', faults.redirect(to))
      await expect(run()).rejects.toMatchObject({ code: 'hub_failed' })
    },
  )

  test('whose list is something else is named', async () => {
    const { run, hub } = await setUp()
    hub.script('list', faults.served(new TextEncoder().encode('<html>')))
    await expect(run()).rejects.toMatchObject({
      code: 'hub_failed',
      message: expect.stringContaining('list'),
    })
  })

  test.each([
    ...['huggingface.co', 'file:///x', 'https://user:pass@hub.test', 'https://hub.test/?a=b'],
    ...['http://hub.test', 'http://10.0.0.7:8080', 'http://localhost.hub.test', 'http://127.0.0.1.hub.test'],
  ])('an endpoint %s is refused', async (endpoint) => {
    const { run } = await setUp()
    const failure = await run({ endpoint }).catch((thrown) => thrown)
    expect(failure).toMatchObject({ code: 'hub_invalid' })
    expect(failure.message).not.toContain('pass')
  })

  test.each(['../x', 'onnx/../../x', '/etc/cron.d/x', '..\\x', 'onnx/model_quantized.onnx_data/../../../x'])(
    'a list that names %s is refused before anything is written',
    async (hostile) => {
      const model = tinyModel()
      const { run, hub, modelsDir } = await setUp({ model, listed: [...Object.keys(model), hostile] })
      await expect(run()).rejects.toMatchObject({ code: 'file_name_refused' })
      expect(hub.seen.hub).toHaveLength(1)
      expect(existsSync(modelsDir)).toBe(false)
    },
  )
})
