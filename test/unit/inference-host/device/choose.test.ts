import { expect, test } from 'vitest'
import { chooseDevice } from '../../../../inference-host/device/choose.ts'
import type { Device, ModelTask } from '../../../../inference-host/device/port.ts'
import type { ProbeAnswer } from '../../../../inference-host/device/probe.ts'

const none: ProbeAnswer = { runs: false, reason: 'not there' }

async function choose(
  preference: Device | 'auto',
  answers: Partial<Record<Device, ProbeAnswer>>,
  { task = 'text-generation', bytes = 2 ** 30 }: { task?: ModelTask; bytes?: number } = {},
) {
  const tried: string[] = []
  const choice = await chooseDevice({
    preference,
    files: ['model.onnx', 'model_fp16.onnx', 'model_q4.onnx'],
    request: { folder: '/model', task, dtype: 'auto', context: undefined, threads: 1 },
    bytes: async () => bytes,
    async tryDevice({ device, dtype }) {
      tried.push(`${device} ${dtype}`)
      return answers[device] ?? none
    },
  })
  return { ...choice, tried }
}

test('auto takes cuda where the model runs there, and tries nothing else', async () => {
  const { device, dtype, tried } = await choose('auto', { cuda: { runs: true, ms: 5 } })
  expect({ device, dtype, tried }).toEqual({ device: 'cuda', dtype: 'fp16', tried: ['cuda fp16'] })
})

test('then webgpu', async () => {
  const answers = { webgpu: { runs: true, ms: 5 }, cpu: { runs: true, ms: 4 } } as const
  const { device, dtype, why } = await choose('auto', answers)
  expect({ device, dtype }).toEqual({ device: 'webgpu', dtype: 'q4' })
  expect(why).toBe('cuda: not there; webgpu runs it, 5 ms, cpu 4 ms')
})

test('but no webgpu that computes in software', async () => {
  const answers = { webgpu: { runs: true, ms: 900 }, cpu: { runs: true, ms: 4 } } as const
  expect((await choose('auto', answers)).device).toBe('cpu')
})

test('a webgpu that is the only one that runs', async () => {
  expect((await choose('auto', { webgpu: { runs: true, ms: 900 } })).device).toBe('webgpu')
})

test('else the CPU, with the reasons', async () => {
  const { device, why, tried } = await choose('auto', {})
  expect(device).toBe('cpu')
  expect(why).toBe('cuda: not there; webgpu: not there')
  expect(tried).toEqual(['cuda fp16', 'webgpu q4'])
})

test('a named device is taken untried', async () => {
  const { device, tried } = await choose('cpu', { cuda: { runs: true, ms: 1 } })
  expect({ device, tried }).toEqual({ device: 'cpu', tried: [] })
})

test.each([
  ['an encoder', { task: 'feature-extraction' }, 'feature-extraction is light work'],
  ['a small model', { bytes: 64 * 2 ** 20 - 1 }, '64 MiB are a light model'],
] as const)('%s stays on the CPU though there is a GPU', async (_name, model, why) => {
  const answers = { cuda: { runs: true, ms: 1 } } as const
  expect(await choose('auto', answers, model)).toMatchObject({ device: 'cpu', why, tried: [] })
})

test('but goes where it is told to', async () => {
  const { device } = await choose('cuda', { cuda: { runs: true, ms: 1 } }, { task: 'feature-extraction' })
  expect(device).toBe('cuda')
})
