import { describe, expect, it } from 'vitest'
import { rememberVerified } from '../../../../edge/identity/verified.ts'
import { principal } from '../../../fixtures/principal.ts'
import { expectRefused, FIREBASE_KEYS, MINUTE, SECOND, signedWorld } from '../../../fixtures/signed-world.ts'

const user = { uid: 'u1', email: 'a@example.com' }

function counting(lifeMs = 60 * MINUTE) {
  const clock = { ms: 0 }
  const verified: string[] = []
  const remember = rememberVerified(
    async (token) => {
      verified.push(token)
      if (token.startsWith('bad')) throw new Error('refused')
      return { principal: principal({ subject: token }), expiresAt: clock.ms + lifeMs }
    },
    () => clock.ms,
  )
  return { clock, verified, remember }
}

describe('the memory of verified tokens', () => {
  it('holds for 5 minutes', async () => {
    const { clock, verified, remember } = counting()
    expect(await remember('a')).toBe(await remember('a'))
    clock.ms += 5 * MINUTE - 1
    await remember('a')
    expect(verified).toEqual(['a'])
    clock.ms += 1
    await remember('a')
    expect(verified).toEqual(['a', 'a'])
  })

  it('never outlives the token', async () => {
    const { clock, verify, mint } = signedWorld()
    const token = await mint.mintFirebase(user)
    clock.ms += 3599 * SECOND
    expect(await verify(token)).toMatchObject({ subject: 'u1' })
    clock.ms += SECOND
    await expectRefused(verify(token), 'token_expired', token)
  })

  it('lets go of a withdrawn key after at most 5 minutes more', async () => {
    const { clock, verify, mint, published } = signedWorld()
    const token = await mint.mintFirebase(user)
    clock.ms += 9 * MINUTE
    await verify(token)
    clock.ms += MINUTE
    await verify(token)
    published.set(FIREBASE_KEYS, [])
    clock.ms += 4 * MINUTE
    expect(await verify(token)).toMatchObject({ subject: 'u1' })
    clock.ms += 5 * MINUTE
    await expectRefused(verify(token), 'token_key_unknown', token)
  })

  it('remembers no refusal', async () => {
    const { verified, remember } = counting()
    await expect(remember('bad')).rejects.toThrow('refused')
    await expect(remember('bad')).rejects.toThrow('refused')
    expect(verified).toHaveLength(2)
  })

  it('forgets the oldest of more than 1000', async () => {
    const { verified, remember } = counting()
    for (let token = 0; token <= 1000; token++) await remember(`${token}`)
    await remember('1')
    expect(verified).toHaveLength(1001)
    await remember('0')
    expect(verified).toHaveLength(1002)
  })

  it('hands out a principal that no request can change for the next', async () => {
    const { remember } = counting()
    const remembered = await remember('a')
    expect(() => {
      remembered.plan = 'pro'
    }).toThrow(TypeError)
  })
})
