import { expect, it } from 'vitest'
import { buildDashboard, DASHBOARD } from '../../../../dashboard/build.ts'
import { readDashboardFile } from '../../../../edge/runtime/node-dashboard.ts'

it('reads what npm run build:dashboard has written; what is not there is no error', async () => {
  await buildDashboard(DASHBOARD)
  const html = new TextDecoder().decode(await readDashboardFile('index.html'))
  expect(html).toContain('<script type="module" src="dashboard/app.js">')
  expect(await readDashboardFile('another.html')).toBeUndefined()
})
