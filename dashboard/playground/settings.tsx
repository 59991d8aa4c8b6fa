import type { ComponentChildren } from 'preact'
import type { Settings } from './body.ts'

type Props = {
  settings: Settings
  models: readonly string[]
  onChange: (changed: Partial<Settings>) => void
}

const NUMBERS = {
  max_tokens: { title: 'Most tokens', step: 1, min: 1 },
  temperature: { title: 'Temperature', step: 0.1, min: 0 },
  top_p: { title: 'Top p', step: 0.05, min: 0 },
  seed: { title: 'Seed', step: 1, min: 0 },
} as const

/** The fields of a request. */
export function SettingsFields({ settings, models, onChange }: Props) {
  const area = (
    name: 'system' | 'prompt' | 'schema' | 'tools',
    title: ComponentChildren,
    rows: number,
    code = false,
  ) => (
    <label>
      {title}
      <textarea
        id={name}
        class={code ? 'code' : undefined}
        rows={rows}
        value={settings[name]}
        onInput={({ currentTarget }) => onChange({ [name]: currentTarget.value })}
      />
    </label>
  )
  return (
    <>
      <label>
        Model
        <select
          id="model"
          value={settings.model}
          onChange={({ currentTarget }) => onChange({ model: currentTarget.value })}
        >
          {models.map((model) => (
            <option key={model} value={model}>
              {model}
            </option>
          ))}
        </select>
      </label>
      {area('system', 'System', 2)}
      {area('prompt', 'Message', 4)}
      <div class="row">
        {(Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]).map((name) => (
          <label key={name}>
            {NUMBERS[name].title}
            <input
              type="number"
              step={NUMBERS[name].step}
              min={NUMBERS[name].min}
              value={settings[name]}
              onInput={({ currentTarget }) => onChange({ [name]: currentTarget.value })}
            />
          </label>
        ))}
      </div>
      <details>
        <summary>Schema or tools</summary>
        {area('schema', 'JSON schema of the answer', 4, true)}
        {area('tools', 'Tools, as a list in JSON', 4, true)}
      </details>
    </>
  )
}
