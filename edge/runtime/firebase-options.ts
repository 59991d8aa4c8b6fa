/**
 * How the functions are deployed; it is read when they are, by the Firebase CLI. Change it to fit your project.
 *
 * Each secret named here has to be in Secret Manager (`firebase functions:secrets:set <NAME>`), or the deployment stops.
 */
export const SECRETS = ['UPSTASH_REDIS_REST_TOKEN', 'SERVICE_TOKEN_PRIVATE_KEY', 'API_KEY_SECRETS']

/** The longest that a request may take, in seconds: BODY_TIMEOUT_MS and REQUEST_TIMEOUT_MS, with half a minute to settle. */
export const REQUEST_SECONDS = 180
/** The longest that a run of the scheduled work may take, in seconds: runs begin every minute, and may overlap. */
export const SCHEDULED_SECONDS = 300

/** Requests that one instance answers at once. They wait for the host most of the time. */
export const CONCURRENCY = 80
