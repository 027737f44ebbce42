import { RefoldError } from '../errors.ts';
import type { ByteSink } from '../record/byte-sink.ts';
import { decodeNumber, decodeValue, isNumber } from '../record/value-decoder.ts';
import { encodeNumber, encodeValue } from '../record/value-encoder.ts';
import { appendExtension, EXT_SUM_STATE, EXT_WIDE_SUM_STATE, extensionStart, stateType } from '../record/value-format.ts';
import { columnSlots, grownDoubles } from './column.ts';
import type { BuiltinCombiner, StateColumn } from './combiner.ts';
import {
  appendPart,
  canonicalParts,
  decodeUnits,
  encodeUnits,
  growExpansion,
  readPart,
  roundUnits,
  toUnits,
} from './exact-sum.ts';

/**
 * The exact sum of the values of a key, rounded once at the end: no order, grouping, spill or retry changes a digit. Infinite when the
 * exact sum is beyond the double range, NaN when a value is NaN or both infinities are among them. Numbers or bigints, never both.
 */
export function sum(): BuiltinCombiner<number | bigint> {
  return {
    kind: 'builtin',
    name: 'sum',
    createStates: () => new SumStates(),
    numbers: { fold: 'sum', countsEach: false, encode: encodeNumber },
  };
}

/** A key has numbers and bigints among its values, which have no common sum. */
export class MixedSumError extends RefoldError {
  override readonly name = 'MixedSumError';
  readonly code = 'REFOLD_MIXED_SUM';
  readonly retryable = false;
  readonly hint = 'Emit either numbers or bigints: convert one of them with Number() or BigInt().';
  constructor(options?: ErrorOptions) {
    super('sum() met numbers and bigints among the values of one key.', {}, options);
  }
}

export class UnsummableError extends RefoldError {
  override readonly name = 'UnsummableError';
  readonly code = 'REFOLD_UNSUMMABLE';
  readonly retryable = false;
  readonly hint = 'Emit numbers or bigints as values of a job that uses sum().';
  constructor(values: { type: string }, options?: ErrorOptions) {
    super(`sum() takes numbers or bigints, this value is of type ${values.type}.`, values, options);
  }
}

/** A slot whose sum two doubles do not hold: one of three forms. `bytes` is what it is counted as. */
type SideSum =
  | { kind: 'parts'; readonly parts: number[]; bytes: number }
  | { kind: 'units'; units: bigint; bytes: number }
  | { kind: 'bigint'; value: bigint; limit: bigint; bytes: number };

/** Below it no addition of two doubles overflows. */
const SAFE_MAX = 2 ** 1022;
const SIDE_BYTES = 96;
/** Expansions seldom have more than eight parts; a sum in units has at most some 2,200 bits. */
const PARTS_BYTES = 64;
const UNITS_BYTES = 400;

/**
 * A slot's sum is sums[slot] + rests[slot], exactly, the first being the double nearest to it: so it is already rounded, and one
 * exact sum has one form. Rests exist from the first sum on that needs one; a NaN there says that the slot's sum is in `side`.
 */
class SumStates implements StateColumn {
  private sums = new Float64Array(columnSlots(0));
  private rests = new Float64Array(0);
  private hasRests = false;
  private readonly side = new Map<number, SideSum>();
  private sideBytes = 0;

  start(slot: number, value: unknown): void {
    this.startNumber(slot, 0);
    if (typeof value === 'number') this.sums[slot] = value;
    else if (typeof value === 'bigint') this.startBigint(slot, value);
    else throw new UnsummableError({ type: value === null ? 'null' : typeof value });
  }

  add(slot: number, value: unknown): void {
    if (typeof value === 'number') this.addNumber(slot, value);
    else if (typeof value === 'bigint') this.addBigint(slot, value);
    else throw new UnsummableError({ type: value === null ? 'null' : typeof value });
  }

  startNumber(slot: number, value: number): void {
    if (slot >= this.sums.length) this.grow(slot);
    this.sums[slot] = value;
    if (!this.hasRests) return;
    if (Number.isNaN(this.rests[slot])) this.dropSide(slot);
    this.rests[slot] = 0;
  }

  /** Safe integers, and all else whose sum is a double, take the first way out; sums that two doubles hold the second. */
  addNumber(slot: number, value: number): void {
    const old = this.sums[slot]!;
    const sum = old + value;
    const carried = sum - old;
    const error = old - (sum - carried) + (value - carried);
    if (error === 0 && (!this.hasRests || this.rests[slot] === 0)) this.sums[slot] = sum;
    else this.addWithRest(slot, value, sum, error);
  }

  startEncoded(slot: number, bytes: Uint8Array, start: number, end: number): void {
    if (isNumber(bytes, start)) this.startNumber(slot, decodeNumber(bytes, start));
    else if (stateType(bytes, start) !== 0) {
      this.startNumber(slot, 0);
      this.addEncoded(slot, bytes, start, end);
    } else this.start(slot, decodeValue(bytes, start, end));
  }

  addEncoded(slot: number, bytes: Uint8Array, start: number, end: number): void {
    if (isNumber(bytes, start)) {
      this.addNumber(slot, decodeNumber(bytes, start));
      return;
    }
    const type = stateType(bytes, start);
    if (type === EXT_SUM_STATE) {
      for (let at = extensionStart(bytes, start); at < end; at += 8) this.addNumber(slot, readPart(bytes, at));
    } else if (type === EXT_WIDE_SUM_STATE) {
      this.addUnits(slot, decodeUnits(bytes, extensionStart(bytes, start), end));
    } else {
      this.add(slot, decodeValue(bytes, start, end));
    }
  }

  encode(slot: number, sink: ByteSink): void {
    const rest = this.hasRests ? this.rests[slot]! : 0;
    if (rest === 0) {
      encodeNumber(this.sums[slot]!, sink);
    } else if (!Number.isNaN(rest)) {
      appendExtension(EXT_SUM_STATE, 16, sink);
      appendPart(this.sums[slot]!, sink);
      appendPart(rest, sink);
    } else {
      const side = this.side.get(slot)!;
      if (side.kind === 'bigint') encodeValue(side.value, sink);
      else encodeUnitsState(unitsOf(side), sink);
    }
  }

  result(slot: number): readonly unknown[] {
    if (!this.hasRests || !Number.isNaN(this.rests[slot])) return [this.sums[slot]];
    const side = this.side.get(slot)!;
    return [side.kind === 'bigint' ? side.value : roundUnits(unitsOf(side))];
  }

  bytesUsed(slots: number): number {
    return columnSlots(slots) * (this.hasRests ? 16 : 8) + this.sideBytes;
  }

  clear(): void {
    this.hasRests = false;
    this.side.clear();
    this.sideBytes = 0;
  }

  /** `sum` and `error` are sums[slot] + value, exactly, where they are finite. */
  private addWithRest(slot: number, value: number, sum: number, error: number): void {
    if (!this.hasRests && error - error === 0) this.makeRests();
    const rest = this.hasRests ? this.rests[slot]! : 0;
    const low = rest + error;
    const lowCarried = low - rest;
    const lowError = rest - (low - lowCarried) + (error - lowCarried);
    const next = sum + low;
    const carried = next - sum;
    const nextRest = sum - (next - carried) + (low - carried);
    if (lowError === 0 && nextRest - nextRest === 0) {
      this.sums[slot] = next;
      this.rests[slot] = nextRest;
    } else {
      this.addAside(slot, value);
    }
  }

  private grow(slot: number): void {
    this.sums = grownDoubles(this.sums, slot);
    if (this.hasRests) this.rests = grownDoubles(this.rests, slot);
  }

  private makeRests(): void {
    this.hasRests = true;
    if (this.rests.length === this.sums.length) this.rests.fill(0);
    else this.rests = new Float64Array(this.sums.length);
  }

  /** Adds what the two columns cannot take. */
  private addAside(slot: number, value: number): void {
    const old = this.sums[slot]!;
    const rest = this.hasRests ? this.rests[slot]! : 0;
    const side = this.side.get(slot);
    if (side?.kind === 'bigint') throw new MixedSumError();
    if (!Number.isFinite(value) || (side === undefined && !Number.isFinite(old))) {
      if (side !== undefined) this.dropSide(slot);
      this.sums[slot] = side === undefined ? old + value : value;
      if (this.hasRests) this.rests[slot] = 0;
    } else if (side === undefined) {
      const parts = rest === 0 ? [old] : [rest, old];
      this.addToParts(slot, parts, value);
    } else if (side.kind === 'parts') {
      this.addToParts(slot, side.parts, value);
    } else {
      side.units += toUnits(value);
    }
  }

  private addToParts(slot: number, parts: number[], value: number): void {
    const largest = parts.length === 0 ? 0 : Math.abs(parts[parts.length - 1]!);
    if (largest < SAFE_MAX && Math.abs(value) < SAFE_MAX) {
      growExpansion(parts, value);
      const side = this.side.get(slot);
      if (side === undefined) this.putSide(slot, { kind: 'parts', parts, bytes: SIDE_BYTES + PARTS_BYTES });
    } else {
      this.putSide(slot, { kind: 'units', units: sumUnits(parts) + toUnits(value), bytes: SIDE_BYTES + UNITS_BYTES });
    }
  }

  private addUnits(slot: number, units: bigint): void {
    const side = this.side.get(slot);
    if (side?.kind === 'bigint') throw new MixedSumError();
    if (side === undefined && !Number.isFinite(this.sums[slot])) return;
    const rest = this.hasRests ? this.rests[slot]! : 0;
    const before = side === undefined ? toUnits(this.sums[slot]!) + toUnits(rest) : unitsOf(side);
    this.putSide(slot, { kind: 'units', units: before + units, bytes: SIDE_BYTES + UNITS_BYTES });
  }

  private startBigint(slot: number, value: bigint): void {
    const side = { kind: 'bigint' as const, value, limit: 1n << 64n, bytes: SIDE_BYTES };
    countDigits(side);
    this.putSide(slot, side);
  }

  private addBigint(slot: number, value: bigint): void {
    const side = this.side.get(slot);
    if (side?.kind !== 'bigint') throw new MixedSumError();
    side.value += value;
    this.sideBytes += countDigits(side);
  }

  private putSide(slot: number, side: SideSum): void {
    if (!this.hasRests) this.makeRests();
    this.sideBytes += side.bytes - (this.side.get(slot)?.bytes ?? 0);
    this.side.set(slot, side);
    this.rests[slot] = Number.NaN;
  }

  private dropSide(slot: number): void {
    this.sideBytes -= this.side.get(slot)!.bytes;
    this.side.delete(slot);
  }
}

/** Brings the bytes that a bigint is counted as up to its size; answers how many more they are. They never shrink. */
function countDigits(side: SideSum & { kind: 'bigint' }): number {
  const before = side.bytes;
  while (side.value >= side.limit || -side.value >= side.limit) {
    side.limit *= side.limit;
    side.bytes = SIDE_BYTES + 2 * (side.bytes - SIDE_BYTES + 8);
  }
  return side.bytes - before;
}

function unitsOf(side: SideSum): bigint {
  if (side.kind === 'bigint') throw new MixedSumError();
  return side.kind === 'units' ? side.units : sumUnits(side.parts);
}

function sumUnits(parts: readonly number[]): bigint {
  let units = 0n;
  for (const part of parts) units += toUnits(part);
  return units;
}

/** One exact sum has one form, whichever way it was reached: a plain number where one holds it. */
function encodeUnitsState(units: bigint, sink: ByteSink): void {
  const parts = canonicalParts(units);
  if (parts === undefined) {
    const payload = encodeUnits(units);
    appendExtension(EXT_WIDE_SUM_STATE, payload.length, sink);
    sink.append(payload, 0, payload.length);
  } else if (parts.length <= 1) {
    encodeNumber(parts[0] ?? 0, sink);
  } else {
    appendExtension(EXT_SUM_STATE, 8 * parts.length, sink);
    for (const part of parts) appendPart(part, sink);
  }
}
