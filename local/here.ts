/** The folder where the command was typed: npm itself runs scripts in the project's root. */
export const HERE = process.env.INIT_CWD ?? process.cwd()
