/** What a job does with its bytes, as far as its cost and time depend on it. */
export type Workload = {
  readonly name: string;
  readonly title: string;
  /** MB of input a second one sandbox gets done, over both phases, before S3 is counted. */
  readonly workerMbPerSecond: number;
  /** Share of that time spent mapping. */
  readonly mapShare: number;
  /** Raw bytes in segments a byte of input, unless a combiner leaves less. */
  readonly shuffleRatio: number;
  /** With a combiner a segment holds each distinct key once: at most so many raw bytes. */
  readonly segmentBytesMax: number;
  /** Bytes of a segment a raw byte, under zstd level 1. */
  readonly storedRatio: number;
  /** Bytes of output a byte of input, unless a combiner leaves less: as much as one segment then. */
  readonly outputRatio: number;
};

/** What one sandbox gets of S3, by one stream of ranged GETs with the next one under way. */
export const S3_MB_PER_SECOND = 75;

/** A job that nobody has measured: a scan that combines nearly everything away. */
export const LIGHT: Workload = {
  name: 'light',
  title: 'little is left after map',
  workerMbPerSecond: S3_MB_PER_SECOND,
  mapShare: 1,
  shuffleRatio: 0.01,
  segmentBytesMax: 1024 * 1024,
  storedRatio: 0.5,
  outputRatio: 0.001,
};

/** One that sends all its input through the shuffle, by slow user code, and stores it badly compressed. */
export const HEAVY: Workload = {
  name: 'heavy',
  title: 'everything is shuffled, by slow user code',
  workerMbPerSecond: 12,
  mapShare: 0.6,
  shuffleRatio: 1.2,
  segmentBytesMax: Number.POSITIVE_INFINITY,
  storedRatio: 0.9,
  outputRatio: 1,
};
