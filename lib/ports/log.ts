/** One JSON object a line: job, task and attempt ids, never record contents unless the user logs them. */
export interface Log {
  write(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Readonly<Record<string, unknown>>): void;
}
