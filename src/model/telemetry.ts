/**
 * Keeps ONNX Runtime from reporting on its user. Unless told otherwise, version 1.30 gives the computer an identity and
 * sends what models are run to its maker; it leaves both in the user's cache folder, and files in the temporary folder.
 *
 * To be imported before a session is made, and on the main thread before a worker is started that makes one: the variable is
 * read by native code, and what a worker thread sets is its own. `ORT_DISABLE_TELEMETRY=0` lets it report.
 */
process.env.ORT_DISABLE_TELEMETRY ??= '1';
