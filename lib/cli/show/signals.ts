import { EXIT_CODES } from './exit-code.ts';

/** What Ctrl-C and SIGTERM do to a job. */
export type Stopping = {
  /** Aborted at the first signal: the job stops cleanly. */
  readonly signal: AbortSignal;
  /** The exit code that the signal asks for; undefined before one came. */
  readonly exitCode: () => number | undefined;
  /** From now on the first signal stops cleanly; until then there is nothing to keep, and it ends the process at once. */
  readonly begin: () => void;
  readonly close: () => void;
};

/** The first signal stops cleanly, the second ends the process at once: its workers end with it. */
export function listenForSignals(onFirst: () => void): Stopping {
  const controller = new AbortController();
  let exitCode: number | undefined;
  let isClean = false;
  const stop = (code: number): void => {
    if (!isClean) process.stderr.write('stopped before anything was run\n');
    if (!isClean || exitCode !== undefined) process.exit(code);
    exitCode = code;
    onFirst();
    controller.abort();
  };
  const onInterrupt = (): void => stop(EXIT_CODES.interrupted);
  const onTerminate = (): void => stop(EXIT_CODES.terminated);
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  return {
    signal: controller.signal,
    exitCode: () => exitCode,
    begin() {
      isClean = true;
    },
    close() {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
    },
  };
}
