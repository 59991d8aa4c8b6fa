import { useState } from 'preact/hooks'
import { type Account, Done } from '../api/shapes.ts'
import { useApi } from '../api/use-api.ts'
import { AskFirst } from '../parts/ask-first.tsx'

const ACTS = {
  suspend: {
    title: 'Suspend the account?',
    does: 'Suspend',
    says: 'It is refused from its next request on.',
  },
  restore: { title: 'End the suspension?', does: 'Restore', says: 'It may ask again at once.' },
  plan: {
    title: 'Change the plan?',
    does: 'Change plan',
    says: 'An empty name gives back what its token says.',
  },
  grant: {
    title: 'Grant units?',
    does: 'Grant units',
    says: 'They may be spent beyond the budgets of day and month.',
  },
} as const
type Act = keyof typeof ACTS

type Props = { account: Account; path: string; onDone: () => void }

/** What an administrator can do to an account. Each act has a reason for the log. */
export function Acts({ account, path, onDone }: Props) {
  const api = useApi()
  const [act, setAct] = useState<Act>()
  async function send(form: FormData): Promise<void> {
    if (!act) return
    await api.ask(`${path}/${act}`, Done, { body: bodyOf(act, form) })
    onDone()
  }
  const possible: readonly Act[] = [account.status === 'suspended' ? 'restore' : 'suspend', 'plan', 'grant']
  return (
    <>
      <div class="row">
        {possible.map((each) => (
          <button key={each} type="button" class="secondary" onClick={() => setAct(each)}>
            {ACTS[each].does}
          </button>
        ))}
      </div>
      {act && (
        <AskFirst {...ACTS[act]} onDo={send} onClose={() => setAct(undefined)}>
          <p>
            <code>{account.id}</code>: {ACTS[act].says}
          </p>
          {act === 'plan' && (
            <label>
              Plan
              <input name="plan" maxLength={64} value={account.plan ?? ''} />
            </label>
          )}
          {act === 'grant' && (
            <div class="row">
              <label>
                Units
                <input name="units" type="number" min={1} required />
              </label>
              <label>
                Days
                <input name="days" type="number" min={1} max={366} value={30} required />
              </label>
            </div>
          )}
          <label>
            Reason, for the log
            <input name="reason" maxLength={1000} />
          </label>
        </AskFirst>
      )}
    </>
  )
}

function bodyOf(act: Act, form: FormData): object {
  const text = (name: string) => String(form.get(name) ?? '').trim()
  return {
    ...(text('reason') && { reason: text('reason') }),
    ...(act === 'plan' && { plan: text('plan') || null }),
    ...(act === 'grant' && { units: Number(text('units')), days: Number(text('days')) }),
  }
}
