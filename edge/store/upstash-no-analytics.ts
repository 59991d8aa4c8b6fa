/** In the worker it stands for @upstash/core-analytics, which @upstash/ratelimit brings along (wrangler.toml). */
export class Analytics {
  constructor() {
    throw new Error('the edge counts without analytics')
  }
}
