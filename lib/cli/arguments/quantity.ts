import { InvalidOptionError } from '../../errors.ts';

const BYTE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};
const DURATION_UNITS: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1e3, m: 60e3, min: 60e3, h: 3600e3, d: 86400e3 };

/** `64MiB`, `64MB`, `1.5 GiB`, `1e6`, `65536`. @throws InvalidOptionError */
export function parseBytes(option: string, text: string): number {
  return parseWithUnit(option, text, BYTE_UNITS, 'a size, such as 64MiB, 64MB or 65536');
}

/** `5m`, `30s`, `1500` (milliseconds). @throws InvalidOptionError */
export function parseDurationMs(option: string, text: string): number {
  return parseWithUnit(option, text, DURATION_UNITS, 'a duration, such as 5m, 30s or 1500 (milliseconds)');
}

/** @throws InvalidOptionError */
export function parseCount(option: string, text: string): number {
  return parseWithUnit(option, text, { '': 1 }, 'a whole number');
}

/** `5`, `0.25`, `$5`. @throws InvalidOptionError */
export function parseDollars(option: string, text: string): number {
  const digits = /^\s*\$?(\d+(?:\.\d+)?)\s*$/.exec(text)?.[1];
  if (digits !== undefined) return Number(digits);
  const rule = 'an amount of US dollars, such as 5 or 0.25';
  throw new InvalidOptionError({ option, value: JSON.stringify(text), rule, hint: `Write --${option} as ${rule}.` });
}

function parseWithUnit(option: string, text: string, units: Readonly<Record<string, number>>, rule: string): number {
  const [, digits = '', unit = ''] = /^\s*(\d+(?:\.\d+)?(?:e\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  const factor = units[unit.toLowerCase()];
  const value = Math.round(Number(digits) * (factor ?? Number.NaN) * 1e6) / 1e6;
  if (digits === '' || !Number.isSafeInteger(value)) {
    throw new InvalidOptionError({ option, value: JSON.stringify(text), rule, hint: `Write --${option} as ${rule}.` });
  }
  return value;
}
