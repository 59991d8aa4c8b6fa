/**
 * Imported for what it does: nothing that this process computes is told to the makers of its libraries. onnxruntime
 * keeps a database of events under the home folder, and sends it, unless it finds this variable when it makes its first
 * session. It looks at the process's own environment. A thread has a copy of that, so each process's main thread
 * imports this file; processes that it starts inherit the variable.
 */
process.env.ORT_DISABLE_TELEMETRY = '1'
