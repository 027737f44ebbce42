const MIB = 1024 * 1024;
/** Input bytes a partition stands for. Small, because neighbours are put together once their real size is known. */
const INPUT_BYTES_PER_PARTITION = 16 * MIB;
/** PlanReduce holds the indexes of 1,000 segments at a time, 28 bytes a partition. */
const PARTITIONS_MAX = 4_000;
/** Rows of the shuffle index: splits times partitions. */
const INDEX_ROWS_MAX = 2e7;

/** How many partitions the key space gets: fixed by the input and the options alone, so that every run of a job agrees. */
export function countPartitions(inputBytes: number, splits: number, reduceTasks: number | 'auto'): number {
  if (reduceTasks !== 'auto') return reduceTasks;
  const byIndex = Math.floor(INDEX_ROWS_MAX / Math.max(1, splits));
  return Math.max(1, Math.min(Math.ceil(inputBytes / INPUT_BYTES_PER_PARTITION), byIndex, PARTITIONS_MAX));
}
