import { createSupabaseFunction } from '../../../edge/runtime/supabase.ts'

Deno.serve(createSupabaseFunction('edge', Deno.env.toObject()))
