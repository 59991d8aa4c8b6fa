import { COUNTS, EDGE_CPU, MONTHS_KEPT } from './counts.ts'
import {
  billTable,
  breakEvenTable,
  changeLines,
  growthTable,
  lineTable,
  type Report,
  type Table,
  workloadSentence,
} from './report.ts'
import { markdownTable } from './table.ts'
import { BUSY_AT_MOST } from './workload.ts'

/** Tokens of a stream for which 10 ms of CPU time are enough. */
const FREE_TOKENS = Math.floor(
  (10_000 - EDGE_CPU.answerMicros) /
    ((EDGE_CPU.streamMicros - EDGE_CPU.answerMicros) / EDGE_CPU.streamChunks),
)
/** Requests a month whose rows fit into 500 MB. */
const FREE_ROWS = Math.floor(500_000_000 / (COUNTS.ledgerBytesPerRequest * MONTHS_KEPT)).toLocaleString(
  'en-US',
)

/** The whole page `docs/cost.md`, from a report. */
export function costPage(report: Report): string {
  const { book, outlooks, speedNotes } = report
  const table = ({ columns, rows }: Table) => markdownTable(columns, rows).join('\n')
  const combinations = table({
    columns: [{ title: 'id' }, { title: 'what' }, { title: 'the host runs on' }, { title: 'how' }],
    rows: book.combinations.map(({ id, name, container, recipes }) => [
      `\`${id}\``,
      name,
      book.containers.find((one) => one.id === container)?.name ?? container,
      recipes.map((page, i) => `[${i === 0 ? 'edge' : 'host'}](${page})`).join(', '),
    ]),
  })
  const details = outlooks
    .map((outlook) => `### ${outlook.combination.name}\n\n${table(lineTable(report, outlook))}`)
    .join('\n\n')
  const sources = Object.values(book.sources)
    .map(({ page, seen, note }) => `- <${page}>, seen ${seen}.${note ? ` ${note}` : ''}`)
    .join('\n')
  const changes = changeLines(report)
    .map((line) => `- ${line}`)
    .join('\n')
  return `# What will it cost?

<!-- Made by: npx twohop cost --markdown > docs/cost.md -->

\`npx twohop cost\` calculates a month's bill from your users and your measured throughput. This page shows it for an example.
\`npx twohop cost --help\` lists the options, \`--list\` the combinations of providers.

**Example.** ${workloadSentence(report.workload)}

${speedNotes.map((note) => `- ${note}`).join('\n')}

${combinations}

## The bill

US dollars a month, without tax. Each line is rounded up to the cent.

${table(billTable(report))}

\`1M in\` and \`1M out\` are what a million tokens of prompts and of answers cost with everything in it. They share the bill as they share
the host's time. Where a speed does not tell prompts apart, answers bear all. [What to ask users for](price.md) is made of such numbers.

## Free plans

Those of Workers, Upstash and Supabase are among the plans, and the cheapest that serves the load is taken. What keeps a deployment from them:

- **Workers** gives 10 ms of CPU time a request. By the benchmark, which was taken on a slow machine, a stream has ${FREE_TOKENS} tokens then.
- **Upstash** gives 500,000 commands a month. The scheduled work once a minute takes more, and so do the looks for jobs of a host that
  is always on. Let both be rarer: \`crons = ["*/5 * * * *"]\`, \`HOST_JOBS_POLL_SECONDS=600\`, and
  \`npx twohop cost --schedule-minutes 5 --look-seconds 600\`.
- **Supabase** gives 500 MB of database, ${FREE_ROWS} requests a month when they are kept for ${MONTHS_KEPT} months, and pauses a project that nobody uses for a
  week.

## Growing

Users times 10 and 100, and how many containers the busiest hour needs.

${table(growthTable(report))}

What changes on the way:

${changes}

## Always on, or scale to zero?

A container that scales to zero costs nothing while nobody asks, and more per second while somebody does. From this many
requests a day the always-on container of the same kind is cheaper (the container's own cost, at the example's tokens):

${table(breakEvenTable(report))}

## How it is calculated

- **Edge**: one invocation a request, and one a minute for jobs, sweep and drain. CPU time is the benchmark's
  ([benchmarks.md](benchmarks.md)), which was taken on a slow machine, so it is rather too high.
- **Redis**: ${COUNTS.redisRequestsPerRequest} HTTP requests a request, but ${COUNTS.redisCommandsPerRequest} billed commands, because Upstash counts each command that a script runs. That is
  why a plan with a fixed price soon beats paying per command; the calculator takes the cheapest plan that serves the load.
  An idle host looks for jobs every ${COUNTS.hostLookSeconds} s, ${COUNTS.redisCommandsPerLook} commands a look, which is counted for every second that a container runs.
- **Database**: ${COUNTS.ledgerBytesPerRequest} bytes a request with their indexes, kept for ${MONTHS_KEPT} months.
- **Container**: throughput in tokens a second is measured with the prompts' time in it. Two measurements with different
  prompts tell a prompt's token from an answer's. A container is planned to be ${BUSY_AT_MOST * 100} % busy at most.
- **Scaling to zero**: requests come at random. Each keeps a container running while it streams and for the idle time
  after it, as in an M/G/∞ queue, plus the start.
- **Egress**: the bytes of a streamed answer, counted, one event a token.

The counts are in \`cli/cost/counts.ts\`. Tests count them anew on the running stack and on the Redis scripts, so a change of the
code that makes a request dearer fails a test.

## The month beside its forecast

\`\`\`sh
npx twohop cost --forecast --combination workers-fly
\`\`\`

It prints one line of JSON for the edge's variable \`COST_FORECAST\`: the load, and the bill at 13 multiples of it. Then the dashboard shows this month
beside it (\`GET /v1/admin/cost\`), and with \`METRICS=on\` an alert compares too ([operations.md](operations.md#twohopedgespendaboveforecast)).

No provider tells the edge what it has billed, so the cost so far is not a sum of bills. It is the bill that the forecast has for a load like this month's, by the
share of the month that has passed. The load is whichever of requests, prompt tokens and output tokens is furthest above its forecast. This sum knows no more
than the calculator.

What the month costs at this rate is the bill for what was used so far, and for the rest of the month what the last seven days bring. They may be of the
month before, so the figure does not jump when a month begins. A deployment younger than that is taken by its own days.

## What it does not know

- **GPUs.** No throughput of this host on a GPU is measured yet. The figures are what others published for vLLM,
  and models of another size than the CPU's. So these bills are rather too low. Pass your own with \`--gpu-throughput\` or \`--gpu-tokens-per-second\`.
- Starts (15 s) and the idle time are settings in \`cli/cost/prices.json\`, not measurements. Your model's start may take longer.
- Users asking at the same time of day cost less to serve by scaling to zero than users spread evenly, as here.
- A database larger than Supabase's smallest, backups, logs, domains, taxes, support and people are not in it.
- An edge on Node shares the machine with the host. The CPU that it takes from the model is not counted. With more than one
  machine, only the first keeps Redis and the database, but all are priced alike.
- A price is what its page said on its day. Look again before you decide.

Cloudflare Containers are left out: a host runs there ([private-host.md](private-host.md#cloudflare-containers)), but its prices are not
in \`cli/cost/prices.json\` yet. Hetzner and Deno Deploy are left out, because no copy of their pages with current prices was found.
Hetzner's changed on 15 June 2026. RunPod Serverless is left out, because its queue asks for the header \`Authorization\`,
which is the edge's.

## The lines

${details}

## Prices

Gone through on ${book.checked}. To calculate with your own, copy \`cli/cost/prices.json\` and pass it with \`--prices\`.

${sources}
`
}
