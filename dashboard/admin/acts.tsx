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
export type Act = keyof typeof ACTS

type Props = { account: Account; onDone: () => void }

/** What an administrator can do to an account. Each act has a reason for the log. */
export function Acts({ account, onDone }: Props) {
  const [act, setAct] = useState<Act>()
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
      {act && <ActDialog act={act} account={account} onDone={onDone} onClose={() => setAct(undefined)} />}
    </>
  )
}

type DialogProps = {
  act: Act
  account: Pick<Account, 'id' | 'plan'>
  onDone: () => void
  onClose: () => void
}

/** Asks what an act needs, and does it. */
export function ActDialog({ act, account, onDone, onClose }: DialogProps) {
  const api = useApi()
  async function send(form: FormData): Promise<void> {
    const path = `/v1/admin/accounts/${encodeURIComponent(account.id)}/${act}`
    await api.ask(path, Done, { body: bodyOf(act, form) })
    onDone()
  }
  return (
    <AskFirst {...ACTS[act]} onDo={send} onClose={onClose}>
      <p>
        <code>{account.id}</code>: {ACTS[act].says}
      </p>
      {act === 'plan' && (
        <label>
          Plan
          <input name="plan" maxLength={64} defaultValue={account.plan ?? ''} />
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
            <input name="days" type="number" min={1} max={366} defaultValue={30} required />
          </label>
        </div>
      )}
      <label>
        Reason, for the log
        <input name="reason" maxLength={1000} />
      </label>
    </AskFirst>
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
