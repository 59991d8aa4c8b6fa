/** The scope that a task needs, as the edge has it (shared/catalog.ts, whose schemas this page has no room for). */
function scopeOf(task: string): string {
  if (task === 'chat' || task === 'completion') return 'chat'
  return task === 'embedding' ? 'embed' : `tasks:${task}`
}

/** The scopes that a key could be given: those of the models' tasks, jobs, versions and keys. Which of them, the edge decides. */
export function scopesFor(models: readonly { tasks: readonly string[] }[]): string[] {
  return [...new Set([...models.flatMap(({ tasks }) => tasks.map(scopeOf)), 'jobs', 'versions', 'keys'])]
}
