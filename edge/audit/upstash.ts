import { fieldsOf, orUnavailable, type UpstashOptions, upstashClient } from '../../shared/upstash-client.ts'
import { AUDIT_STREAM } from '../store/redis-keys.ts'
import type { Act, AuditEntry, AuditLog } from './port.ts'

/** Entries that one page reads, whether they match or not. */
const SCANNED = 500

/** The audit log as a stream in Upstash Redis, over HTTP. */
export function createUpstashAudit(options: UpstashOptions): AuditLog {
  const redis = upstashClient(options)
  return {
    record: (act) =>
      orUnavailable(async () => {
        const [actor = '', action = '', target = '', reason = '', detail = ''] = actWords(act)
        const fields = { actor, action, target, reason, detail }
        await redis.command('XADD', AUDIT_STREAM, '*', ...Object.entries(fields).flat())
      }),

    list: ({ target, next, most }) =>
      orUnavailable(async () => {
        const count = target === undefined ? most : SCANNED
        const from = next ? `(${next}` : '+'
        const reply = await redis.command('XREVRANGE', AUDIT_STREAM, from, '-', 'COUNT', count)
        if (!Array.isArray(reply)) throw new TypeError('the store gave no stream')
        const scanned = reply.map(entryOf)
        const entries = scanned.filter((entry) => target === undefined || entry.target === target)
        const page = entries.slice(0, most)
        const last = page.length < entries.length ? page.at(-1) : scanned.at(-1)
        const ended = scanned.length < count && page.length === entries.length
        return { entries: page, next: ended ? undefined : last?.id }
      }),
  }
}

/** An act as arguments of the scripts and the stream: actor, action, target, reason, detail. */
export function actWords({ actor, action, target, reason = '', detail }: Act): string[] {
  return [actor, action, target, reason, JSON.stringify(detail)]
}

function entryOf(reply: unknown): AuditEntry {
  const [id, words] = Array.isArray(reply) ? reply : []
  if (typeof id !== 'string' || !Array.isArray(words)) throw new TypeError('the store gave no entry')
  const fields = fieldsOf(words)
  return {
    id,
    at: Number(id.split('-')[0]),
    actor: fields.actor ?? '',
    action: fields.action ?? '',
    target: fields.target ?? '',
    reason: fields.reason || undefined,
    detail: JSON.parse(fields.detail || '{}'),
  }
}
