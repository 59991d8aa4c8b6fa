import { describe, expect, it } from 'vitest'
import { RedisError, type RedisReply, Status } from '../../../../local/redis/port.ts'
import { respCommand, respReader } from '../../../../local/redis/resp.ts'

const BYTES = Buffer.from(
  '+OK\r\n:42\r\n$6\r\ngr\r\nüß'.replace('üß', 'ü') +
    '\r\n$-1\r\n*3\r\n$1\r\na\r\n*0\r\n-ERR no\r\n*-1\r\n$0\r\n\r\n',
)
const REPLIES: RedisReply[] = [
  new Status('OK'),
  42,
  'gr\r\nü',
  null,
  ['a', [], new RedisError('ERR no')],
  null,
  '',
]

describe('RESP', () => {
  it('writes a command with lengths in bytes', () => {
    expect(respCommand(['SET', 'ü', ''])).toBe('*3\r\n$3\r\nSET\r\n$2\r\nü\r\n$0\r\n\r\n')
  })

  it('reads replies, however the bytes are cut', () => {
    for (let size = 1; size <= BYTES.length; size++) {
      const read = respReader()
      const replies: RedisReply[] = []
      for (let at = 0; at < BYTES.length; at += size) replies.push(...read(BYTES.subarray(at, at + size)))
      expect(replies, `pieces of ${size} bytes`).toEqual(REPLIES)
    }
  })

  it('throws on bytes that are no reply', () => {
    expect(() => respReader()(Buffer.from('HTTP/1.1 400\r\n'))).toThrow('no RESP2')
  })
})
