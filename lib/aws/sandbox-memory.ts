import type { SandboxLimits } from '../node/sandbox/sandbox-message.ts';

/** Resident memory of an idle function: Node, its main thread with the AWS clients, and an empty task thread (measured: see docs/aws.md). */
const IDLE_BYTES = 120 * 2 ** 20;
/** The supervisor looks every 50 ms; what a thread takes in between must fit below Lambda's own limit. */
const HEADROOM = 1 / 16;
const HEADROOM_BYTES_MIN = 48 * 2 ** 20;
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
