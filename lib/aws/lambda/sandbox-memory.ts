import type { SandboxLimits } from '../../node/sandbox/sandbox-message.ts';

/**
 * Resident memory of a function between tasks: Node, the main thread with the AWS clients, the task thread with its own, and a small job.
 * Measured with Node 24 on x86-64: 84 MiB before the first task, 130 MiB after it (test/e2e/functions holds it to about this).
 */
const IDLE_BYTES = 140 * 2 ** 20;
/**
 * The supervisor looks every 50 ms, and what a thread takes in between must fit below Lambda's own limit: 14 to 70 MiB in tries with loops
 * that only allocate. One that is faster is killed by Lambda instead, which is the same class of failure without the record's name.
 */
const HEADROOM = 1 / 16;
const HEADROOM_BYTES_MIN = 64 * 2 ** 20;
const HEAP_BYTES_MIN = 32 * 2 ** 20;

/**
 * What the task thread of a function may use. Lambda kills a sandbox above its memory without saying which record was in hand, so the
 * supervisor ends the thread a little before. Of what the idle function leaves, half is for the JavaScript heap: the other half is for the
 * engine's buffers and user code's typed arrays, which are not in it.
 * @param memoryBytes of the function
 */
export function sandboxMemory(memoryBytes: number): Pick<SandboxLimits, 'heapBytes' | 'sandboxMemoryBytes'> {
  const sandboxMemoryBytes = memoryBytes - Math.max(HEADROOM_BYTES_MIN, memoryBytes * HEADROOM);
  return { sandboxMemoryBytes, heapBytes: Math.max(HEAP_BYTES_MIN, (sandboxMemoryBytes - IDLE_BYTES) / 2) };
}
