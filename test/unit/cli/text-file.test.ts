import { describe, expect, it } from 'vitest'
import { textOf } from '../../../cli/text-file.ts'

describe('a file that an option names', () => {
  it('is read from where the command was typed', async () => {
    expect(await textOf('package.json')).toContain('"twohop"')
  })

  it('is named where it cannot be read', async () => {
    await expect(textOf('gone.json')).rejects.toMatchObject({
      code: 'unreadable',
      message: 'gone.json cannot be read.',
    })
  })
})
