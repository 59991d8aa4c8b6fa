import { readFile } from 'node:fs/promises'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { describeEachPostgres } from '../../fixtures/each-postgres.ts'

const SECRET = "a-secret-with-'quotes'-in-it-of-32"
const URL = 'https://abc.supabase.co/functions/v1/edge/scheduled'

/** What the three extensions of Supabase offer, as far as supabase/schedule.sql uses them. */
const EXTENSIONS = `
  create schema cron; create schema net; create schema vault;
  create table vault.decrypted_secrets (name text unique, decrypted_secret text);
  create function vault.create_secret(secret text, name text) returns void language sql
    as 'insert into vault.decrypted_secrets values (name, secret)';
  create table cron.job (name text unique, schedule text, command text);
  create function cron.schedule(job_name text, schedule text, command text) returns void language sql
    as 'insert into cron.job values (job_name, schedule, command)';
  create table net.sent (url text, body jsonb, headers jsonb, timeout integer);
  create function net.http_post(
    url text, body jsonb default '{}', params jsonb default '{}', headers jsonb default '{}',
    timeout_milliseconds int default 5000
  ) returns bigint language sql as 'insert into net.sent values (url, body, headers, timeout_milliseconds); select 1::bigint';`

describeEachPostgres('supabase/schedule.sql', (postgres) => {
  const drop =
    'drop schema if exists cron cascade; drop schema if exists net cascade; drop schema if exists vault cascade'
  beforeEach(() => postgres.local().owner.unsafe(`${drop};${EXTENSIONS}`))
  afterAll(() => postgres.local().owner.unsafe(drop))

  it('asks the function for its scheduled work every minute, with the secret from the vault', async () => {
    const { owner } = postgres.local()
    const file = await readFile(new globalThis.URL('../../../supabase/schedule.sql', import.meta.url), 'utf8')
    const filled = file
      .replaceAll(/^create extension .*$/gm, '')
      .replace('https://<ref>.supabase.co/functions/v1/edge/scheduled', URL)
      .replace('<SCHEDULE_SECRET>', SECRET.replaceAll("'", "''"))
    expect(filled).not.toMatch(/[<>]/)
    await owner.unsafe(filled)
    const [job] = await owner<{ schedule: string; command: string }[]>`select schedule, command from cron.job`
    expect(job?.schedule).toBe('* * * * *')
    expect(job?.command).not.toContain(SECRET)
    await owner.unsafe(job?.command ?? '')
    const [sent] = await owner`select * from net.sent`
    expect(sent).toEqual({
      ...{ url: URL, body: {}, timeout: 120_000 },
      headers: { 'content-type': 'application/json', authorization: `Bearer ${SECRET}` },
    })
  })
})
