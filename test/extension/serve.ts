import { answering } from '../fixtures/answering.ts'

/** Serves one page on this machine until the test ends. @returns its address */
export async function serve(html: string): Promise<string> {
  const url = await answering((_request, answer) =>
    answer.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html),
  )
  return `${url}/`
}
