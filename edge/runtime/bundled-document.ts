import document from '../routes/openapi.json' with { type: 'json' }

/** The OpenAPI document of a platform whose bundle may hold it. Workers' lies with the static files: it is a tenth of a worker. */
export const readBundledDocument = async (): Promise<string> => JSON.stringify(document)
