type Props = { label: string; text: string; id?: string; busy?: boolean }

/** A text as it is, which scrolls by itself where it is long, by the keyboard too. */
export function TextBlock({ label, text, id, busy }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it by the arrow keys.
    <section class="scroll tall" tabIndex={0} aria-label={label} aria-busy={busy}>
      <pre id={id}>{text}</pre>
    </section>
  )
}
