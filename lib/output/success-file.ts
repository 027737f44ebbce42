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

/** `_SUCCESS` before it is written: the parts are gone through twice, and need not be in memory. */
export type SuccessContent = Omit<SuccessFile, 'parts'> & { readonly parts: Iterable<PartAccount> };

/** As JSON, two spaces a level. Of very many parts only the bytes are held, not their text as well. */
export function encodeSuccess(success: SuccessContent): Uint8Array {
  let bytes = 0;
  for (const piece of piecesOf(success)) bytes += Buffer.byteLength(piece);
  const content = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (const piece of piecesOf(success)) at += content.write(piece, at);
  return content;
}

const PARTS_A_PIECE = 1_000;
/** Where the parts stand. In a text of the file its quotes would be escaped. */
const NO_PARTS = '\n  "parts": []';

function* piecesOf(success: SuccessContent): Generator<string> {
  const shell = `${JSON.stringify({ ...success, parts: [] }, undefined, 2)}\n`;
  const end = shell.indexOf(NO_PARTS) + NO_PARTS.length - 1;
  yield shell.slice(0, end);
  let isEmpty = true;
  let parts: PartAccount[] = [];
  const piece = () => {
    const list = JSON.stringify(parts, undefined, 2);
    // A level deeper, without the brackets of the list.
    const text = `${isEmpty ? '' : ','}${list.slice(1, -2).replaceAll('\n', '\n  ')}`;
    isEmpty = false;
    parts = [];
    return text;
  };
  for (const part of success.parts) if (parts.push(part) === PARTS_A_PIECE) yield piece();
  if (parts.length > 0) yield piece();
  yield isEmpty ? shell.slice(end) : `\n  ${shell.slice(end)}`;
}

/** Undefined for what another program left under that name: Hadoop and Spark write an empty `_SUCCESS`. */
export function parseSuccess(bytes: Uint8Array): SuccessFile | undefined {
  let content: unknown;
  try {
    content = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
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
