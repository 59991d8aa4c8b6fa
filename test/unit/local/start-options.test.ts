import { expect, it, vi } from 'vitest'
import { typedOptions } from '../../../local/start-options.ts'

const typed = (...words: string[]) => typedOptions(['node', 'start.ts', ...words])

it('reads options as the fields of twohop.config.ts', () => {
  const { settings, verbose, json } = typed(
    ...[
      '--port',
      '0',
      '--sign-in-port',
      '9099',
      '--origin',
      'https://a.example',
      '--origin',
      'https://b.example',
    ],
    ...['--firebase-project', 'my-project', '--supabase-url', 'https://abc.supabase.co', '--model', 'a/b'],
    ...[
      '--emulators',
      'firebase:demo-app',
      '--catalog',
      'mine.json',
      '--set',
      'A=1',
      '--set',
      'B=x=y',
      '--verbose',
    ],
  )
  expect([settings, verbose, json]).toEqual([
    {
      ...{ port: 0, signInPort: 9099, models: ['a/b'], origins: ['https://a.example', 'https://b.example'] },
      ...{ firebaseProjects: ['my-project'], supabaseUrls: ['https://abc.supabase.co'] },
      ...{ emulators: ['firebase:demo-app'], catalog: 'mine.json', edge: { A: '1', B: 'x=y' } },
    },
    ...[true, false],
  ])
  expect(typed().settings).toEqual({})
  expect(typed('--port', '87x').settings.port).toBe('87x')
})

it.each(['hf_aSecretAlone', 'hf_aSecretInBase64==', '=hf_aSecretValue', ''])(
  'refuses %j as a variable, and does not show it',
  (text) => {
    const wrote = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    const exit = vi.spyOn(process, 'exit').mockImplementation((code) => {
      throw new Error(`exit ${code}`)
    })
    try {
      expect(() => typed('--set', text)).toThrow('exit 1')
      expect(wrote.mock.calls.join('')).toContain('NAME=value is needed.')
      expect(wrote.mock.calls.join('')).not.toContain('hf_aSecret')
    } finally {
      wrote.mockRestore()
      exit.mockRestore()
    }
  },
)
