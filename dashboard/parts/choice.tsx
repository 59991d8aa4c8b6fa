type Props<Name extends string> = {
  label: string
  of: Readonly<Record<Name, string>>
  value: Name
  onChange: (chosen: Name) => void
}

/** One of some things, by their titles. */
export function Choice<Name extends string>({ label, of, value, onChange }: Props<Name>) {
  const isName = (text: string): text is Name => Object.hasOwn(of, text)
  return (
    <label>
      {label}
      <select
        value={value}
        onChange={({ currentTarget }) => {
          if (isName(currentTarget.value)) onChange(currentTarget.value)
        }}
      >
        {Object.entries<string>(of).map(([name, title]) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
      </select>
    </label>
  )
}
