import type { BigIntStats } from 'node:fs';

/**
 * The version of an input file: bytes and modification time, which survive a copy that keeps times, so that the same data is
 * the same job.
 */
export function inputVersionOf(stat: BigIntStats): string {
  return `${stat.size}-${stat.mtimeNs}`;
}

/**
 * The version of a file that refold writes: with the inode, since such a file is only ever replaced by another one. A rename
 * keeps it.
 */
export function writtenVersionOf(stat: BigIntStats): string {
  return `${stat.size}-${stat.mtimeNs}-${stat.ino}`;
}

/** A version in words, for an error. */
export function describeVersion(version: string): string {
  const [size, mtimeNs] = version.split('-');
  if (size === undefined || mtimeNs === undefined || !/^\d+$/.test(mtimeNs)) return version;
  return `${size} bytes of ${new Date(Number(BigInt(mtimeNs) / 1_000_000n)).toISOString()}`;
}
