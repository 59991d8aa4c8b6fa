import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { readError } from '../../client/index.ts'
import { Refused } from '../api/refused.ts'
import { Models } from '../api/shapes.ts'
import { useApi } from '../api/use-api.ts'
import { Failure, Loaded } from '../parts/states.tsx'
import { usePolled } from '../parts/use-polled.ts'
import { AnswerView, type Outcome } from './answer-view.tsx'
import { bodyOf, type Settings } from './body.ts'
import { createCost } from './cost.ts'
import { NO_ANSWER, readStream } from './read-stream.ts'
import { SettingsFields } from './settings.tsx'
import { Snippets } from './snippet-view.tsx'

const FIRST: Settings = {
  model: '',
  system: '',
  prompt: 'What is Twohop?',
  max_tokens: '128',
  temperature: '',
  top_p: '',
  seed: '',
  schema: '',
  tools: '',
}

/** Asks a model, and shows all that there is to an answer. */
export function Playground() {
  const api = useApi()
  const models = usePolled((signal) => api.ask('/v1/models', Models, { signal }), 'models')
  return (
    <Loaded
      of={models}
      isEmpty={({ data }) => chatting(data).length === 0}
      empty="Your plan has no model that chats."
    >
      {({ data }) => <Asking models={chatting(data)} />}
    </Loaded>
  )
}

const chatting = (models: readonly { id: string; tasks: readonly string[] }[]) =>
  models.filter(({ tasks }) => tasks.includes('chat')).map(({ id }) => id)

function Asking({ models }: { models: readonly string[] }) {
  const api = useApi()
  const [settings, setSettings] = useState({ ...FIRST, model: models[0] ?? '' })
  const [outcome, setOutcome] = useState<Outcome>({ answer: NO_ANSWER })
  const [error, setError] = useState<unknown>()
  const [running, setRunning] = useState<AbortController>()
  const cost = useMemo(() => createCost(api), [api])
  const here = useRef(true)
  useEffect(
    () => () => {
      here.current = false
    },
    [],
  )
  useEffect(() => () => running?.abort(), [running])

  async function ask(stop: AbortController): Promise<void> {
    const body = bodyOf(settings)
    const before = await cost.before()
    const begun = performance.now()
    const answer = await api.send('/v1/chat/completions', { body, signal: stop.signal })
    const refusal = answer.ok ? undefined : await readError(answer)
    setOutcome({ answer: NO_ANSWER, status: answer.status, headers: [...answer.headers] })
    if (refusal) throw new Refused(refusal, answer.status)
    if (!answer.ok || !answer.body) throw new Error(`The edge answered ${answer.status}.`)
    const add = (more: Partial<Outcome>) => setOutcome((known) => ({ ...known, ...more }))
    const ended = readStream(answer.body, (so) => add({ answer: so, tookMs: performance.now() - begun }))
    try {
      await ended
    } finally {
      if (here.current)
        void cost.after(answer.headers.get('x-request-id') ?? '', before).then((units) => add({ units }))
    }
  }

  async function send(event: Event): Promise<void> {
    event.preventDefault()
    if (running) return
    const stop = new AbortController()
    setRunning(stop)
    setError(undefined)
    setOutcome({ answer: NO_ANSWER })
    try {
      await ask(stop)
    } catch (thrown) {
      if (!stop.signal.aborted) setError(thrown)
    }
    if (here.current) setRunning(undefined)
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void send(event)
  }

  return (
    <>
      <div class="two">
        <form onSubmit={send} onKeyDown={onKey} id="asking">
          <SettingsFields
            settings={settings}
            models={models}
            onChange={(changed) => setSettings((known) => ({ ...known, ...changed }))}
          />
          <div class="row">
            <button type="submit" id="send" disabled={running !== undefined}>
              Send
            </button>
            <button
              type="button"
              id="stop"
              class="secondary"
              disabled={running === undefined}
              onClick={() => running?.abort()}
            >
              Stop
            </button>
            <span class="quiet">Ctrl+Enter sends, too.</span>
          </div>
        </form>
        <div>
          {error !== undefined && <Failure error={error} />}
          <AnswerView {...outcome} busy={running !== undefined} />
        </div>
      </div>
      <Snippets edge={api.edge} settings={settings} />
    </>
  )
}
