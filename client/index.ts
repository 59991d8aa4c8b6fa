export { type Allowance, type Budget, readBudget } from './budget.ts'
export { type ErrorCode, type ReadError, readError } from './error.ts'
export { type GetToken, type TwohopFetchOptions, twohopFetch } from './fetch.ts'
