import type { PartAccount } from '../job/attempt-account.ts';
import type { CounterTotals } from '../job/counters.ts';
import { encodeJson } from '../split/plan-step.ts';
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

export function parseSuccess(bytes: Uint8Array): SuccessFile {
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as SuccessFile;
}

/** Did this very job write it? Whatever another program left there is nobody's. */
export function isSuccessOf(bytes: Uint8Array, { jobId, createdAtMs }: Pick<SuccessFile, 'jobId' | 'createdAtMs'>): boolean {
  try {
    const success = JSON.parse(Buffer.from(bytes).toString('utf8')) as Partial<SuccessFile> | null;
    return success?.jobId === jobId && success.createdAtMs === createdAtMs;
  } catch {
    return false;
  }
}

export function encodeReceipt(receipt: Receipt): Uint8Array {
  return encodeJson(receipt);
}
