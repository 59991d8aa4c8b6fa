import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished, vi } from 'vitest'

// What makes the edge there fails with more than variables: it is said in the log, whose request it was.

vi.mock('firebase-admin/app', () => ({
  initializeApp: () => {
    throw new RangeError('a-canary of the platform')
  },
}))

it('an edge that cannot be made answers 500, and the log has a line of that with the same id, and of each scheduled run', async () => {
  vi.stubEnv('GCLOUD_PROJECT', 'my-project')
  const lines: string[] = []
  const written = vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(String(line)))
  const { edge, scheduled } = await import('../../../../edge/runtime/firebase.ts')
  const server = createServer(edge as unknown as RequestListener).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.close()
    written.mockRestore()
    vi.unstubAllEnvs()
  })
  await once(server, 'listening')
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/models`)
  const text = await answer.text()
  expect([answer.status, JSON.parse(text).error.code]).toEqual([500, 'internal'])
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      level: 'error',
      event: 'answer_failed',
      request_id: answer.headers.get('x-request-id'),
      code: 'internal',
      fault: expect.objectContaining({ class: 'RangeError' }),
    },
  ])
  await expect(scheduled.run({ scheduleTime: '2026-11-30T00:00:00Z' })).rejects.toThrow(RangeError)
  expect(JSON.parse(lines[1] ?? '')).toMatchObject({
    ...{ level: 'error', event: 'scheduled_failed' },
    fault: { class: 'RangeError' },
  })
  expect(`${text} ${lines.join()}`).not.toContain('a-canary')
})

it('where no project is known, it names the variables as they are set there', async () => {
  vi.resetModules()
  const lines: string[] = []
  const written = vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(String(line)))
  onTestFinished(() => void written.mockRestore())
  const { scheduled } = await import('../../../../edge/runtime/firebase.ts')
  await expect(scheduled.run({ scheduleTime: '2026-11-30T00:00:00Z' })).rejects.toThrow(
    /\bTWOHOP_FIREBASE_PROJECT_IDS\.$/,
  )
  expect(JSON.parse(lines[0] ?? '').complaints.at(-1)).toMatch(/^TWOHOP_FIREBASE_PROJECT_IDS: no issuer/)
})
