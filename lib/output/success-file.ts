import type { PartAccount } from '../job/attempt-account.ts';
import type { CounterTotals } from '../job/counters.ts';
import { encodeJson } from '../work/json-object.ts';
import type { Receipt } from './receipt.ts';

/** `_SUCCESS`: written last, and alone in saying that the output is there. */
export type SuccessFile = {
  readonly format: 1;
  readonly jobId: string;
  readonly name: string;
  /** When the job was made: sets it apart from an earlier life of the same job, whose work area is gone. */
  readonly createdAtMs: number;
  /** In partition order. */
  readonly parts: readonly PartAccount[];
  readonly counters: CounterTotals;
  readonly receipt: Receipt;
};

export function encodeSuccess(success: SuccessFile): Uint8Array {
  return Buffer.from(`${JSON.stringify(success, undefined, 2)}\n`);
}

/** Undefined for what another program left under that name: Hadoop and Spark write an empty `_SUCCESS`. */
export function parseSuccess(bytes: Uint8Array): SuccessFile | undefined {
  let content: unknown;
  try {
    content = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof content !== 'object' || content === null) return undefined;
  const success = content as Partial<SuccessFile>;
  const isOurs = success.format === 1 && typeof success.jobId === 'string' && Array.isArray(success.parts);
  return isOurs ? (success as SuccessFile) : undefined;
}

/** Did this very job write it? Whatever another program left there is nobody's. */
export function isSuccessOf(bytes: Uint8Array, { jobId, createdAtMs }: Pick<SuccessFile, 'jobId' | 'createdAtMs'>): boolean {
  const success = parseSuccess(bytes);
  return success?.jobId === jobId && success.createdAtMs === createdAtMs;
}

export function encodeReceipt(receipt: Receipt): Uint8Array {
  return encodeJson(receipt);
}
