import type { Answers } from './answers.ts'
import { commandOf } from './command-line.ts'
import type { OwnModel } from './model.ts'
import { HOST_ENV, MANIFEST, placesOf, typed } from './plan.ts'
import type { EdgeSettings } from './variables.ts'

/** Something that is left to do: why, and the lines to paste into a shell in the project's folder. */
export type Step = { what: string; run: string[] }

/** The secrets of which each runtime cannot do without. */
const SECRETS = ['UPSTASH_REDIS_REST_TOKEN', 'SERVICE_TOKEN_PRIVATE_KEY', 'API_KEY_SECRETS']

/**
 * What is left to do, in its order.
 * @param more options that are no answers, such as `--out`, for the command when it is to run again
 */
export function stepsOf(
  folder: string,
  answers: Answers,
  { settings, model, more }: { settings: EdgeSettings; model: OwnModel | undefined; more: string },
): Step[] {
  const path = (name: string) => typed(folder, name)
  return [
    ...host(model, path),
    ...later(answers, settings, more, path),
    ...edge(answers, path),
    check(answers, path),
  ]
}

type Path = (name: string) => string

/** What was not known yet: the command again, with it. */
function later(answers: Answers, { secret }: EdgeSettings, more: string, path: Path): Step[] {
  const token = secret.has('UPSTASH_REDIS_REST_TOKEN') ? [] : ['export UPSTASH_REDIS_REST_TOKEN=<token>']
  const url = answers.redisUrl ? [] : ['--redis-url https://<name>.upstash.io']
  const address = answers.hostUrl ? [] : ['--host-url https://<address of the host>']
  if (token.length + url.length + address.length === 0) return []
  const what = [
    ...(token.length + url.length > 0 ? ['make a Redis database at Upstash'] : []),
    ...(address.length > 0 ? ['give the host an address'] : []),
  ].join(', ')
  return [
    {
      what: `${what[0]?.toUpperCase()}${what.slice(1)}, and run this command again with it. It keeps what is in ${path(placesOf(answers).secret)}.`,
      run: [...token, [commandOf(answers), ...url, ...address, ...(more ? [more] : [])].join(' ')],
    },
  ]
}

function host(model: OwnModel | undefined, path: Path): Step[] {
  const manifest = path(MANIFEST)
  return [
    ...(model
      ? [
          {
            what: model.measured
              ? 'Lock the model: the host loads no byte that is not in the lock.'
              : 'Fetch and lock the model. The command prints its entry for the catalog: put its context and overhead into CATALOG, where they are guessed now.',
            run: [`npm run models:pull -- --manifest ${manifest}`],
          },
        ]
      : []),
    {
      what: 'Build the host and run it where only the edge reaches it (docs/private-host.md).',
      run: [
        `docker build ${model ? `--build-arg MANIFEST=${manifest} ` : ''}-t twohop-host .`,
        `docker run -d -p 127.0.0.1:8788:8788 --env-file ${path(HOST_ENV)} twohop-host`,
      ],
    },
  ]
}

function edge(
  { runtime, firebaseProjects: [project = ''], supabaseUrls: [url = ''] }: Answers,
  path: Path,
): Step[] {
  const secrets = path('.env.secrets')
  switch (runtime) {
    case 'workers':
      return [
        {
          what: 'Deploy the edge. The secrets go along with the first deployment.',
          run: [
            ...(path('wrangler.toml') === 'wrangler.toml'
              ? [`npx wrangler deploy --env="" --secrets-file ${secrets}`]
              : [`npx wrangler deploy --config ${path('wrangler.toml')} --env="" --secrets-file ${secrets}`]),
          ],
        },
      ]
    case 'node':
      return [
        {
          what: 'Run the edge, behind a proxy with TLS; --env-file is read before it starts.',
          run: [`node local/run.mjs --env-file=${path('.env.edge')} edge/runtime/node.ts`],
        },
      ]
    case 'supabase': {
      const ref = /^https:\/\/([a-z0-9]+)\.supabase\.co$/.exec(url)?.[1] ?? '<ref>'
      return [
        {
          what: 'Deploy the edge, and have pg_cron ask for its scheduled work: supabase/schedule.sql, with SCHEDULE_SECRET of that file.',
          run: [
            'npx supabase login',
            `npx supabase link --project-ref ${ref}`,
            `npx supabase secrets set --env-file ${secrets}`,
            'npx supabase functions deploy edge --use-api',
          ],
        },
      ]
    }
    case 'firebase':
      return [
        {
          what: 'Deploy the edge. The secrets go into Secret Manager.',
          run: [
            'npx firebase-tools login',
            `for name in ${SECRETS.join(' ')}; do grep "^$name=" ${secrets} | cut -d= -f2- | tr -d '\\n' | npx firebase-tools functions:secrets:set $name --project ${project} --data-file -; done`,
            `npx firebase-tools deploy --only functions --project ${project}`,
          ],
        },
      ]
  }
}

function check(answers: Answers, path: Path): Step {
  const { secret, plain } = placesOf(answers)
  const files = [...new Set([plain, secret, HOST_ENV])].map((file) => `--env-file ${path(file)}`).join(' ')
  return {
    what: `Look whether all is right. Keep ${path(secret)} where only you read it: with another API_KEY_SECRETS, all API keys end.`,
    run: [`npx twohop doctor --edge-url <address of the edge> ${files}`],
  }
}
