-- The scheduled work of the edge as a Supabase function, every minute: run this once in the SQL editor of the project,
-- with the project's own URL and the value of SCHEDULE_SECRET in the two places below. Both are kept in Supabase's vault.
create extension if not exists pg_cron;
create extension if not exists pg_net;

select vault.create_secret('https://<ref>.supabase.co/functions/v1/edge/scheduled', 'twohop_schedule_url');
select vault.create_secret('<SCHEDULE_SECRET>', 'twohop_schedule_secret');

select cron.schedule('twohop', '* * * * *', $job$
  select net.http_post(
    url := (select decrypted_secret from vault.decrypted_secrets where name = 'twohop_schedule_url'),
    body := '{}'::jsonb,
    headers := jsonb_build_object(
      'content-type', 'application/json',
      'authorization', 'Bearer ' || (
        select decrypted_secret from vault.decrypted_secrets where name = 'twohop_schedule_secret'
      )
    ),
    timeout_milliseconds := 120000
  )
$job$);
