import { TwohopError } from '../../shared/errors.ts'

/**
 * A refusal that another plan could lift. Before it is final, the store is asked which plan the account has
 * (edge/access/stored-plan.ts).
 */
export class PlanRefused extends TwohopError {}
