// The page at GET /docs, as it is sent. It is text and no module of its own, so that each runtime has it in its bundle.
// What an answer says is put into it as text alone, and nothing is stored: the token is gone with the page.

export const STYLE = `
:root{color-scheme:light dark;--line:#8884;--soft:#8882;--main:#2563eb}
@media (prefers-color-scheme:dark){:root{--main:#7aa2ff}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:0 auto;padding:1.5rem;color:CanvasText;background:Canvas}
h1{margin:0}code,pre,textarea,input,select{font:14px/1.5 ui-monospace,monospace}
label{display:block;margin:.6rem 0 .2rem}
input,textarea,select,button{padding:.45rem .6rem;border:1px solid var(--line);border-radius:.4rem;background:Canvas;color:inherit}
input:not([type=checkbox]),textarea{width:100%}textarea{min-height:9rem}
button{font:inherit;cursor:pointer}button.main{background:var(--main);color:Canvas;border-color:var(--main)}
.row{display:flex;gap:.5rem;margin:.6rem 0}.row input{flex:1}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--soft);padding:.8rem;border-radius:.4rem;min-height:3rem}
details{border-top:1px solid var(--line);padding:.5rem 0}summary{cursor:pointer}
summary b{display:inline-block;min-width:4.5rem;color:var(--main)}
`

export const SCRIPT = `
'use strict'
const at = (id) => document.getElementById(id)
const base = location.pathname.replace(/\\/docs\\/?$/, '')
const chat = { model: '', messages: [{ role: 'user', content: 'What is Twohop?' }], max_tokens: 64, stream: true }
const bodies = {
  '/v1/chat/completions': chat,
  '/v1/responses': { model: '', input: 'What is Twohop?', stream: true },
  '/v1/completions': { model: '', prompt: 'Twohop is', max_tokens: 32, stream: true },
  '/v1/embeddings': { model: '', input: ['one text', 'another'] },
  '/v1/rerank': { model: '', query: 'what', documents: ['this', 'that'] },
  '/v1/jobs': { endpoint: '/v1/chat/completions', body: { ...chat, stream: false } },
  '/v1/keys': { name: 'my server', scopes: ['chat'], expires_in_days: 30 },
}
let model = ''
let stop

function element(name, text, ...inside) {
  const made = document.createElement(name)
  made.textContent = text
  made.append(...inside)
  return made
}

function choose(method, path) {
  at('method').value = method
  at('path').value = path
  const body = path.startsWith('/v1/tasks/') ? { inputs: 'some text' } : (bodies[path] ?? {})
  at('body').value = method === 'POST' ? JSON.stringify(body, (key, value) => (key === 'model' ? model : value), 2) : ''
}

function described(method, path, operation) {
  const title = element('summary', '', element('b', method.toUpperCase()), element('code', path), ' ' + operation.summary)
  const use = element('button', 'Try it')
  use.type = 'button'
  use.addEventListener('click', () => {
    choose(method.toUpperCase(), path)
    at('send').scrollIntoView({ block: 'center' })
  })
  const codes = Object.entries(operation.responses).map(([status, { description }]) => element('li', status + ': ' + description))
  return element('details', '', title, element('p', operation.description ?? (operation.security ? 'Needs a token.' : 'Needs no token.')), element('ul', '', ...codes), use)
}

async function list() {
  const { paths } = await (await fetch(base + '/openapi.json')).json()
  for (const [path, methods] of Object.entries(paths))
    for (const [method, operation] of Object.entries(methods)) at('routes').append(described(method, path, operation))
}

function call(method, path, body) {
  const url = new URL(base + path, location.origin)
  if (url.origin !== location.origin || !path.startsWith('/') || path.startsWith('//')) throw new Error('A path here begins with one slash.')
  const token = at('token').value.trim()
  const headers = { ...(token && { authorization: 'Bearer ' + token }), ...(body && { 'content-type': 'application/json' }) }
  return fetch(url, { method, headers, signal: stop?.signal, credentials: 'omit', redirect: 'error', ...(body && { body }) })
}

/** The text in one event of a stream, whichever API it is of. */
function textOf(data) {
  const { choices: [choice] = [], type, delta, error } = data
  if (error) return '\\n' + JSON.stringify(error, null, 2)
  if (choice) return choice.delta?.content ?? choice.text ?? ''
  return type === 'response.output_text.delta' ? delta : (delta?.text ?? '')
}

async function stream(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    const lines = (rest + value).split('\\n')
    rest = lines.pop()
    for (const line of lines) {
      if (!line.startsWith('data: ') || line === 'data: [DONE]') continue
      const data = JSON.parse(line.slice(6))
      at('answer').append(at('raw').checked ? line + '\\n' : String(textOf(data)))
    }
  }
}

async function send(event) {
  event.preventDefault()
  stop?.abort()
  stop = new AbortController()
  at('answer').textContent = ''
  at('status').textContent = 'Asking ...'
  at('stop').disabled = false
  const mine = stop
  try {
    const answer = await call(at('method').value, at('path').value, at('body').value)
    const shown = ['x-request-id', 'retry-after', 'x-should-retry', 'ratelimit'].flatMap((name) => answer.headers.has(name) ? [name + ': ' + answer.headers.get(name)] : [])
    at('status').textContent = [answer.status, ...shown].join('\\n')
    if (answer.headers.get('content-type')?.startsWith('text/event-stream')) await stream(answer)
    else {
      const text = await answer.text()
      try { at('answer').textContent = JSON.stringify(JSON.parse(text), null, 2) } catch { at('answer').textContent = text }
    }
  } catch (error) {
    at('status').append(error.name === 'AbortError' ? '\\nStopped.' : '\\n' + error.message)
  }
  if (mine === stop) at('stop').disabled = true
}

async function learnModel() {
  const answer = await call('GET', '/v1/models')
  if (!answer.ok) return
  const { data } = await answer.json()
  model = data[0]?.id ?? ''
  choose(at('method').value, at('path').value)
}

at('form').addEventListener('submit', send)
at('stop').addEventListener('click', () => stop?.abort())
at('token').addEventListener('change', () => learnModel().catch(() => {}))
choose('POST', '/v1/chat/completions')
list().catch((error) => at('routes').append(error.message))
`

export const BODY = `
<h1>Twohop</h1>
<p>What this service answers, from its own <a href="openapi.json">OpenAPI document</a>. A request goes to this address alone. The
token stays in this page and is gone with it.</p>
<form id="form">
<label for="token">Token: of your sign-in, or an API key</label>
<input id="token" type="password" autocomplete="off" spellcheck="false">
<div class="row"><select id="method" aria-label="Method"><option>GET</option><option>POST</option><option>DELETE</option></select>
<input id="path" aria-label="Path" spellcheck="false"></div>
<label for="body">Body</label>
<textarea id="body" spellcheck="false"></textarea>
<div class="row"><button id="send" class="main">Send</button><button id="stop" type="button" disabled>Stop</button>
<label><input id="raw" type="checkbox"> events as they come</label></div>
</form>
<pre id="status" aria-live="polite"></pre>
<pre id="answer"></pre>
<h2>Routes</h2>
<div id="routes"></div>
`
