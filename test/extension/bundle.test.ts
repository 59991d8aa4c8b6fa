import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { stack } from '../fixtures/stack/client.ts'
import { LOCAL_ID, SCREENSHOTS } from './panel.ts'

const built = inject('built')
const files = (folder: string) => globSync('**/*.{js,html,css,json}', { cwd: folder })
const textOf = (folder: string) =>
  files(folder)
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n')
const manifestOf = (folder: string) => JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))

/** Every private value of the stack: keys of the issuer, tokens, and what opens Redis. */
function secretsOfTheStack(): string[] {
  const folder = inject('stackDir')
  const keys = globSync('**/*.{json,jwk}', { cwd: folder }).flatMap((file) => {
    const { d, p, q } = JSON.parse(readFileSync(join(folder, file), 'utf8'))
    return [d, p, q]
  })
  const tokens = Object.values(stack.tokens).flatMap((each) => Object.values(each))
  return [...keys, ...tokens, stack.redis.token].filter((secret) => typeof secret === 'string')
}

const SHAPES: Readonly<Record<string, RegExp>> = {
  'a private key': /-----BEGIN|"d":"[\w-]{20}/,
  'a JWT': /eyJ[\w-]{10,}\.eyJ[\w-]{10,}/,
  'a secret key of Supabase': /sb_secret_|service_role/,
  'a service account': /private_key|client_secret/,
  'a key of Twohop': /\btwohop_[\w-]{16,}|\bth_[\w-]{16,}/,
  'a key of a provider': /\bsk-[\w-]{16,}|\bAKIA[A-Z0-9]{16}|\bghp_\w{20,}|\bxox[bp]-|\bhf_[A-Za-z]{30,}/,
  'what opens Redis': /UPSTASH|upstash\.io/,
}

describe.each(Object.entries(built))('the extension as built for %s', (name, folder) => {
  const text = textOf(folder)

  it('holds no secret of the stack, and nothing of the shape of one', () => {
    expect(files(folder).length).toBeGreaterThan(6)
    const secrets = secretsOfTheStack()
    expect(secrets.length).toBeGreaterThan(10)
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([])
    expect(Object.entries(SHAPES).filter(([, shape]) => shape.test(text))).toEqual([])
  })

  it('runs no code but its own, and makes no HTML of a text', () => {
    const found = text.matchAll(
      /.{0,40}(?:\beval\(|new Function\(|innerHTML|insertAdjacentHTML|document\.write|importScripts\()/g,
    )
    expect([...found].map(([words]) => words)).toEqual([])
    expect(readFileSync(join(folder, 'sidepanel.html'), 'utf8')).not.toMatch(
      /<script(?![^>]* src="\/)|\son\w+=/,
    )
  })

  it('asks for what never warns a user, and for no site', () => {
    const manifest = manifestOf(folder)
    expect([...manifest.permissions].sort()).toEqual([
      'activeTab',
      'contextMenus',
      'scripting',
      ...(name.startsWith('firefox') ? [] : ['sidePanel']),
      'storage',
    ])
    for (const more of [
      'host_permissions',
      'optional_permissions',
      'optional_host_permissions',
      'content_scripts',
      'externally_connectable',
      'web_accessible_resources',
    ])
      expect(manifest).not.toHaveProperty(more)
    const policy = manifest.content_security_policy.extension_pages
    expect(policy).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src /,
    )
    expect(policy).not.toMatch(/unsafe|\*/)
  })
})

describe('what is published', () => {
  it.each([built.published, built.firefox])('knows nothing of this machine: %s', (folder) => {
    const { content_security_policy: policy, key } = manifestOf(folder)
    expect(key).toBeUndefined()
    expect(policy.extension_pages).toContain(
      'connect-src https://twohop.acme.test https://abcdefghijklmnopqrst.supabase.co;',
    )
    expect(textOf(folder)).not.toContain('127.0.0.1')
  })

  it('has its panel in the sidebar of Firefox, and says what it collects', () => {
    const {
      sidebar_action: sidebar,
      background,
      browser_specific_settings: settings,
    } = manifestOf(built.firefox)
    expect(sidebar.default_panel).toBe('sidepanel.html')
    expect(background).toEqual({ scripts: ['background.js'] })
    expect(settings.gecko.data_collection_permissions).toEqual({
      required: ['authenticationInfo', 'websiteContent'],
    })
  })

  it('takes at most 300 kB, most of it the two sign-ins', () => {
    const sizes = files(built.published).map((file) => readFileSync(join(built.published, file)).length)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(300_000)
  })
})

it('the local build has the id that its key gives', async () => {
  const { key } = manifestOf(built.supabase)
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', Buffer.from(key, 'base64')))
  const id = [...digest.subarray(0, 16)].flatMap((byte) => [byte >> 4, byte & 15])
  expect(String.fromCharCode(...id.map((nibble) => 97 + nibble))).toBe(LOCAL_ID)
})

it('the pictures that the repository keeps are small, and each state has one', () => {
  const folder = join(import.meta.dirname, '../..', SCREENSHOTS)
  const pictures = globSync('*', { cwd: folder })
  expect(pictures.sort()).toEqual(
    [
      'answer-firebase',
      'answer-supabase',
      'budget-used-up',
      'classified',
      'sign-in',
      'stopped',
      'streaming',
    ].map((name) => `${name}.webp`),
  )
  for (const picture of pictures)
    expect(readFileSync(join(folder, picture)).length, picture).toBeLessThan(50_000)
})
