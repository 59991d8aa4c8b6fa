import type * as z from 'zod'
import { CountTokensRequest, MessagesRequest } from '../../shared/anthropic/messages.ts'
import { ChatRequest } from '../../shared/openai/chat.ts'
import { CompletionRequest } from '../../shared/openai/completions.ts'
import { EmbeddingRequest } from '../../shared/openai/embeddings.ts'
import { Message } from '../../shared/openai/messages.ts'
import { ResponsesRequest } from '../../shared/openai/responses.ts'
import { TranscriptionRequest } from '../../shared/openai/transcriptions.ts'
import { RerankRequest } from '../../shared/rerank.ts'
import { JobRequest } from '../jobs/parse.ts'
import { HubFields } from '../parse/hub-completion.ts'
import { AccountList, AuditList, Grant, Plain, PlanChange } from '../routes/admin.ts'
import { Leaked, NewKey } from '../routes/api-keys.ts'
import { FeedbackRequest } from '../routes/feedback.ts'
import { Page } from '../routes/jobs.ts'
import { AnyMonths, Days, Latest, Months } from '../routes/stats.ts'
import * as answers from './answers.ts'

/** Schemas by the names that they have in the table of routes and in the document. */
type Named = Readonly<Record<string, z.ZodType>>

/** Bodies of requests, and what several of them share. */
export const SENT: Named = {
  ...{
    ChatRequest,
    Message,
    ResponsesRequest,
    MessagesRequest,
    CountTokensRequest,
    CompletionRequest,
    HubFields,
    EmbeddingRequest,
    RerankRequest,
    TranscriptionRequest,
    JobRequest,
    FeedbackRequest,
  },
  ...{ NewKey, Leaked, Plain, PlanChange, Grant },
}

export const QUERIES: Readonly<Record<string, z.ZodObject>> = {
  Page,
  AccountList,
  AuditList,
  Days,
  Latest,
  Months,
  AnyMonths,
}

/** In the order of their names: a module's own order is not the same everywhere. */
export const ANSWERED: Named = Object.fromEntries(
  Object.entries(answers).toSorted(([a], [b]) => (a < b ? -1 : 1)),
)
