/** Second levels below which the registries of most countries give names to anybody, such as `co` of `co.uk`. */
const SECOND_LEVELS: ReadonlySet<string> = new Set(
  'ac co com edu go gob gouv gov govt gub mil ne net nom or org'.split(' '),
)

/** Those that single countries have beside them. */
const OF_COUNTRIES: ReadonlySet<string> = new Set(
  (
    'me.uk ltd.uk plc.uk nhs.uk police.uk sch.uk id.au asn.au adv.br art.br blog.br dev.br eco.br eng.br ind.br inf.br ' +
    'med.br geek.nz gen.nz iwi.nz kiwi.nz maori.nz school.nz ad.jp ed.jp gr.jp lg.jp firm.in gen.in ind.in nic.in ' +
    'res.in law.za web.za nic.za pe.kr re.kr biz.id my.id sch.id web.id idv.hk idv.tw bel.tr gen.tr k12.tr web.tr ' +
    'msk.ru spb.ru info.pl waw.pl asso.fr tm.fr priv.at'
  ).split(' '),
)

/** Domains whose owners give names below them to anybody who signs up. */
const OF_PLATFORMS: ReadonlySet<string> = new Set(
  (
    'pages.dev workers.dev r2.dev trycloudflare.com cloudfront.net amazonaws.com amplifyapp.com awsapprunner.com ' +
    'elasticbeanstalk.com web.app firebaseapp.com run.app appspot.com blogspot.com withgoogle.com translate.goog ' +
    'azurewebsites.net azurestaticapps.net azurefd.net azureedge.net cloudapp.net github.io github.dev ' +
    'githubpreview.dev githubusercontent.com gitlab.io gitpod.io codeberg.page vercel.app vercel.dev now.sh netlify.app ' +
    'netlify.com onrender.com herokuapp.com fly.dev railway.app up.railway.app deno.dev deno.net supabase.co ' +
    'supabase.in supabase.net surge.sh glitch.me repl.co replit.app replit.dev stackblitz.io webcontainer.io ' +
    'codesandbox.io csb.app hf.space streamlit.app streamlitapp.com gradio.live ngrok.io ngrok.app ngrok.dev ' +
    'ngrok-free.app ngrok-free.dev loca.lt localhost.run serveo.net lovable.app bubbleapps.io framer.app ' +
    'framer.website webflow.io wixsite.com wixstudio.com wordpress.com myshopify.com tumblr.com neocities.org ' +
    'duckdns.org dyndns.org no-ip.org nip.io sslip.io uk.com us.com eu.com gb.net co.com de.com'
  ).split(' '),
)

/** Such domains that begin with the platform's own names, of a region mostly. */
const OF_REGIONS = [
  /^(?:s3|s3[.-][a-z0-9-]+|s3-website[.-][a-z0-9-]+|execute-api\.[a-z0-9-]+)\.amazonaws\.com$/,
  /^[a-z]{2}-[a-z]+-\d\.elasticbeanstalk\.com$/,
  /^(?:[a-z0-9]+\.)?\d+\.azurestaticapps\.net$/,
  /^[a-z0-9]+\.cloudapp\.azure\.com$/,
  /^[a-z0-9-]+\.run\.app$/,
  /^(?:[a-z]{2}\.)?r\.appspot\.com$/,
]

/**
 * Whether anybody can have a name right below a domain: a public suffix. It knows the usual ones, because the whole list
 * (publicsuffix.org) would be a quarter of the worker's size. So it misses some. It is there to find mistakes.
 */
export function isPublicSuffix(domain: string): boolean {
  const [second = '', top = '', ...more] = domain.split('.')
  if (more.length === 0 && top.length === 2 && SECOND_LEVELS.has(second)) return true
  return OF_COUNTRIES.has(domain) || OF_PLATFORMS.has(domain) || OF_REGIONS.some((form) => form.test(domain))
}
