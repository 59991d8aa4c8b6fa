import { local, production } from '#twohop-config'
import type { Config } from './config.ts'

/** The one that this build is for; the other is left out of it. */
export const config: Config = import.meta.env.MODE === 'production' ? production : local
