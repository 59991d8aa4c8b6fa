import { describe, expect, it } from 'vitest'
import { Origins } from '../../../../edge/access/origin-list.ts'
import { edgeConfig } from '../../../../edge/runtime/config.ts'
import { EDGE_VARIABLES_SET } from '../../../fixtures/edge-variables.ts'

const CHROME = 'chrome-extension://abcdefghijklmnopabcdefghijklmnop'
const MOZ = 'moz-extension://0c1d2e3f-aaaa-4bbb-8ccc-0123456789ab'
const SAFARI = 'safari-web-extension://0C1D2E3F-AAAA-4BBB-8CCC-0123456789AB'

describe('an entry lets in', () => {
  it.each([
    [
      'https://app.example',
      ['https://app.example'],
      ['http://app.example', 'https://x.app.example', 'https://app.example:8443'],
    ],
    ['http://localhost:5173', ['http://localhost:5173'], ['http://localhost', 'http://localhost:5174']],
    ['https://xn--bcher-kva.example', ['https://xn--bcher-kva.example'], ['https://bücher.example']],
    [CHROME, [CHROME], [`${CHROME}x`, `${CHROME}/`, CHROME.replace('abc', 'abd')]],
    ['chrome-extension://*', [CHROME], [`${CHROME}x`, MOZ, 'chrome-extension://']],
    [MOZ, [MOZ], [MOZ.replace('0c', '0d')]],
    [
      'moz-extension://*',
      [MOZ, MOZ.replace('0c1d', 'ffff')],
      [
        CHROME,
        `${MOZ}.evil.test`,
        'https://moz-extension',
        'moz-extension://*',
        MOZ.toUpperCase(),
        'xmoz-extension://',
      ],
    ],
    [SAFARI, [SAFARI], [SAFARI.toLowerCase()]],
    ['safari-web-extension://*', [SAFARI, SAFARI.replaceAll(/[A-F]/g, 'a')], [MOZ]],
    ['vscode-webview://*', ['vscode-webview://0abc-1'], ['vscode-webview://a/b']],
    ['capacitor://localhost', ['capacitor://localhost'], ['ionic://localhost', 'capacitor://localhost:1']],
    ['ionic://localhost', ['ionic://localhost'], ['http://localhost']],
    ['tauri://localhost', ['tauri://localhost'], []],
    ['app://obsidian.md', ['app://obsidian.md'], ['app://evil.md']],
    [
      'https://*.app.example',
      ['https://a.app.example', 'https://b.c.app.example', 'https://x--y_z.app.example'],
      [
        'https://app.example',
        'https://evilapp.example',
        'https://.app.example',
        'https://a..app.example',
        'http://a.app.example',
        'https://a.app.example:8443',
        'https://a.app.example.evil.test',
        'https://evil.test/.app.example',
        'https://evil.test#.app.example',
        'https://evil.test:443\\.app.example',
        'https://u@a.app.example',
        'https://A.app.example',
        'https://*.app.example',
      ],
    ],
    ['https://*.app.example:8443', ['https://a.app.example:8443'], ['https://a.app.example']],
    [
      'https://*.example.co.uk',
      ['https://a.example.co.uk'],
      ['https://a.other.co.uk', 'https://example.co.uk'],
    ],
    [
      'https://*.my.pages.dev',
      ['https://a.my.pages.dev'],
      ['https://a.pages.dev', 'https://a.notmy.pages.dev'],
    ],
    ['http://*.localhost:3000', ['http://a.localhost:3000'], ['http://localhost:3000']],
    [
      'http://localhost:*',
      ['http://localhost', 'http://localhost:1', 'http://localhost:65535'],
      [
        'https://localhost:1',
        'http://localhost.evil.test',
        'http://localhost:1.evil.test',
        'http://localhost:',
      ],
    ],
    ['http://[::1]:*', ['http://[::1]:80'], ['http://[::2]:80']],
  ])('%s', (entry, inside, outside) => {
    const allowed = Origins.parse(`https://other.example, ${entry} ,`)
    expect(inside.filter((origin) => !allowed.has(origin))).toEqual([])
    expect([...outside, '', 'null', '*'].filter((origin) => allowed.has(origin))).toEqual([])
  })
})

describe('an entry that no browser could send is refused at the start, by its variable and its place', () => {
  it.each([
    ['https://app.example/', 'is never sent: browsers send https://app.example'],
    ['https://app.example/path', 'is never sent: browsers send https://app.example'],
    ['https://app.example?a', 'is never sent: browsers send https://app.example'],
    ['https://APP.example', 'is never sent: browsers send https://app.example'],
    ['HTTPS://app.example', 'scheme that is not known'],
    ['https://app.example:443', 'is never sent: browsers send https://app.example'],
    ['http://app.example:80', 'is never sent: browsers send http://app.example'],
    ['https://user@app.example', 'is never sent: browsers send https://app.example'],
    ['https://bücher.example', 'is never sent: browsers send https://xn--bcher-kva.example'],
    ['https://', 'is no origin'],
    ['null', 'is what files and sandboxed frames'],
    ['*', 'would let every page in'],
    ['app.example', 'has no scheme'],
    ['localhost:3000', 'has no scheme'],
    ['https://a.*.example', 'has a * that stands neither'],
    ['https://*example.com', 'has a * that stands neither'],
    ['https://app.*', 'has a * that stands neither'],
    ['https://*', 'has a * that stands neither'],
    ['https://*.*.example', 'has a * that stands neither'],
    ['https://app.example:*', 'has a * that stands neither'],
    ['https://*.com', 'is a whole top-level domain'],
    ['https://*.localhosts', 'is a whole top-level domain'],
    ['https://*.co.uk', 'is a domain under which anybody can have a name'],
    ['https://*.com.au:8443', 'is a domain under which anybody can have a name'],
    ['https://*.co.uk.', 'is a domain under which anybody can have a name'],
    ['https://*.co.uk.:8443', 'is a domain under which anybody can have a name'],
    ['https://*.com.', 'is a whole top-level domain'],
    ['https://*.pages.dev', 'is a domain under which anybody can have a name'],
    ['https://*.s3.eu-central-1.amazonaws.com', 'is a domain under which anybody can have a name'],
    ['http://*.127.0.0.1', 'is no domain'],
    ['https://*.[::1]', 'is no domain'],
    ['https://*.App.example', 'browsers send https://app.example, with names before it'],
    ['https://*.app.example/', 'browsers send https://app.example, with names before it'],
    ['https://*.app.example:443', 'browsers send https://app.example, with names before it'],
    [`${CHROME}/`, 'has no id that a browser gives'],
    ['chrome-extension://my-extension', 'has no id that a browser gives'],
    [MOZ.toUpperCase().replace('MOZ-EXTENSION', 'moz-extension'), 'has no id that a browser gives'],
    ['moz-extension://', 'has no id that a browser gives'],
    ['moz-extension://*/', 'has no id that a browser gives'],
    ['capacitor://', 'is not what an app sends'],
    ['capacitor://*', 'is not what an app sends'],
    ['app://My.app', 'is not what an app sends'],
    ['file:///home', 'scheme that is not known'],
    ['ftp://app.example', 'scheme that is not known'],
    ['htps://app.example', 'scheme that is not known'],
  ])('%s', (entry, why) => {
    const set = { ...EDGE_VARIABLES_SET, ALLOWED_ORIGINS: `https://good.example,${entry}` }
    expect(() => edgeConfig(set)).toThrow('ALLOWED_ORIGINS: entry 2 ')
    expect(() => edgeConfig(set)).toThrow(why)
  })

  it('each of them, and the good ones not', () => {
    const set = { ...EDGE_VARIABLES_SET, ALLOWED_ORIGINS: 'null,https://good.example,https://a.example/' }
    const complaint =
      /^Configuration: ALLOWED_ORIGINS: entry 1 .*; ALLOWED_ORIGINS: entry 3 is never sent[^;]*$/
    expect(() => edgeConfig(set)).toThrow(complaint)
  })
})
