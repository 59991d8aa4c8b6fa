/** The address of an account's page. */
export const accountLink = (id: string) => `#/account/${encodeURIComponent(id)}`
