/** What a command wrote while it ran in this process, and what it answered. */
export type Captured = { readonly exitCode: number; readonly stdout: string; readonly stderr: string };

/** Runs a command with both of its outputs caught. One at a time. */
export async function captured(run: () => Promise<number>): Promise<Captured> {
  const outputs = { stdout: '', stderr: '' };
  const originals = (['stdout', 'stderr'] as const).map((name) => {
    const { write } = process[name];
    process[name].write = ((chunk: string | Uint8Array, ...rest: readonly unknown[]) => {
      outputs[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
      const done = rest.find((each) => typeof each === 'function') as (() => void) | undefined;
      done?.();
      return true;
    }) as typeof write;
    return () => {
      process[name].write = write;
    };
  });
  try {
    const exitCode = await run();
    return { exitCode, ...outputs };
  } finally {
    for (const restore of originals) restore();
  }
}
