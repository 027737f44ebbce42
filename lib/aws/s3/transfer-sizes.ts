const MIB = 1024 * 1024;

/**
 * How much travels with one request to S3. A GET costs as much as a sandbox does in 20 ms, and one prefix answers 5,500 of them a second:
 * with 16 MiB each, 1,000 sandboxes at 75 MB/s stay below that. A PUT or a part costs twelve times as much as a GET (docs/cost-model.md).
 */
export const GET_BYTES_MAX = 16 * MIB;
/** Up to here an object is written with one request. */
export const ONE_PUT_BYTES_MAX = 32 * MIB;
/** The first parts of an upload are this large. S3 asks for 5 MiB, but for the last. */
export const PART_BYTES_MIN = 8 * MIB;
/** With more parts an upload takes more memory and fewer requests. */
const PART_BYTES_USUAL = 32 * MIB;
const PARTS_PER_STEP = 4;
/** S3 takes 10,000 parts: with larger ones after each thousand they hold 1.7 TB. */
const PARTS_PER_LARGE_STEP = 1_000;

/** The size of the part that follows after `started` parts. */
export function partBytesAt(started: number): number {
  const usual = Math.min(PART_BYTES_USUAL, PART_BYTES_MIN * (1 + Math.floor(started / PARTS_PER_STEP)));
  return usual * (1 + Math.floor(started / PARTS_PER_LARGE_STEP));
}

/** Parts of an upload of so many bytes; at least one, however empty. */
export function countParts(bytes: number, firstBytes: number = PART_BYTES_MIN): number {
  let parts = 1;
  for (let sent = firstBytes; sent < bytes; sent += partBytesAt(parts - 1)) parts += 1;
  return parts;
}
