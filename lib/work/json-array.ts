import { assert, ObjectMissingError } from '../errors.ts';
import type { World } from '../ports/world.ts';

/** Text that is collected before it is written, and bytes that are read at a time. */
const PIECE_BYTES = 256 * 1024;

const LINE_END = 10;
const COMMA = 44;

/** Writes a JSON array with one element a line, a piece in memory at a time. */
export async function writeJsonArray(world: Pick<World, 'work'>, key: string, elements: Iterable<unknown>): Promise<void> {
  const writer = await world.work.create(key);
  try {
    let text = '[\n';
    let isFirst = true;
    for (const element of elements) {
      text += `${isFirst ? '' : ',\n'}${JSON.stringify(element)}`;
      isFirst = false;
      if (text.length < PIECE_BYTES) continue;
      await writer.write(Buffer.from(text));
      text = '';
    }
    await writer.write(Buffer.from(`${text}\n]\n`));
    await writer.complete();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/**
 * The elements of an array that `writeJsonArray` wrote, a piece of it in memory at a time, however long it is.
 * @throws ObjectMissingError, InputChangedError
 */
export async function* readJsonArray(world: Pick<World, 'work'>, key: string): AsyncGenerator<unknown> {
  const info = await world.work.head(key);
  if (info === undefined) throw new ObjectMissingError({ key });
  let rest: Uint8Array = new Uint8Array(0);
  for (let at = 0; at < info.bytes; at += PIECE_BYTES) {
    const piece = await world.work.readRange(key, info.version, at, Math.min(info.bytes, at + PIECE_BYTES));
    const bytes = Buffer.concat([rest, piece]);
    let start = 0;
    for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, start)) {
      const line = bytes.toString('utf8', start, bytes[end - 1] === COMMA ? end - 1 : end);
      start = end + 1;
      if (line !== '[' && line !== ']' && line !== '') yield JSON.parse(line);
    }
    rest = bytes.subarray(start);
  }
  assert(rest.length === 0, 'an array of lines ends with one');
}
