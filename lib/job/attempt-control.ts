import type { RecordCursor } from './record-cursor.ts';

/** What an attempt gets from the sandbox it executes in. */
export type AttemptControl = {
  /** Minted where the attempt executes, unique for ever. */
  readonly attemptId: string;
  readonly cursor: RecordCursor;
  /** Aborted on cancel, on a deadline, or when the coordinator is gone. */
  readonly signal: AbortSignal;
  /** Bytes and records so far, for progress bars; called a few times a second at most. */
  readonly onProgress?: (progress: { readonly bytes: number; readonly records: number }) => void;
  /** Lines of user code's `task.log`, already capped. */
  readonly onLog?: (line: string) => void;
};
