/** ONNX Runtime phones home unless told not to: before the library loads, whichever engine loads it. */
import { isMainThread } from 'node:worker_threads';
import { UserError } from '../core/errors.js';

const TELEMETRY_OFF = 'ORT_DISABLE_TELEMETRY';

/**
 * Switches ONNX Runtime's telemetry off: otherwise it writes below the home directory and looks up a host as soon as a
 * session opens. Opening a session calls this itself; a main thread whose *workers* open sessions calls it before the
 * first of them does, because a worker cannot: its `process.env` is a copy that the native library never sees.
 */
export function disableTelemetry(): void {
  process.env[TELEMETRY_OFF] = '1';
}

/**
 * Called before the library is loaded.
 * @throws UserError `TELEMETRY` in a worker whose main thread has left it on: better not to serve than to phone home
 */
export function assertTelemetryOff(): void {
  disableTelemetry();
  if (isMainThread || nativeEnvironment()[TELEMETRY_OFF] === '1') return;
  throw new UserError(
    'TELEMETRY',
    'ONNX Runtime would phone home: its telemetry cannot be switched off from a worker',
    {
      hint: `call disableTelemetry() of kioku in the main thread, or start the process with ${TELEMETRY_OFF}=1, or the worker with env: SHARE_ENV`,
    },
  );
}

/**
 * The environment that native code sees, from any thread. Node shows it in its diagnostic report only (3 ms, so not for
 * a hot path); without `excludeNetwork` the report would itself look up host names.
 */
function nativeEnvironment(): Readonly<Record<string, string | undefined>> {
  // Missing in @types/node 20.
  const reporter = process.report as typeof process.report & { excludeNetwork: boolean };
  const before = reporter.excludeNetwork;
  reporter.excludeNetwork = true;
  try {
    const report = reporter.getReport() as { environmentVariables?: Record<string, string | undefined> };
    return report.environmentVariables ?? {};
  } finally {
    reporter.excludeNetwork = before;
  }
}
