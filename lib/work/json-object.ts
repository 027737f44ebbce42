import { ObjectMissingError } from '../errors.ts';
import type { World } from '../ports/world.ts';

export function encodeJson(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

/** Undefined when there is no such object: one request, because between two it may be deleted. */
export async function readJson<T>(world: Pick<World, 'work'>, key: string): Promise<T | undefined> {
  try {
    const { buffer, byteOffset, byteLength } = await world.work.read(key);
    return JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString('utf8')) as T;
  } catch (error) {
    if (error instanceof ObjectMissingError) return undefined;
    throw error;
  }
}
