import type { SuccessFile } from '../../output/success-file.ts';
import type { OutputStore } from '../../ports/output-store.ts';

/** The bytes of a finished output, in the order of its parts, as they were written: compressed parts stay compressed. */
export async function* readParts(output: OutputStore, { parts }: SuccessFile): AsyncGenerator<Uint8Array> {
  for (const { name } of parts) yield* output.readPart(name);
}
