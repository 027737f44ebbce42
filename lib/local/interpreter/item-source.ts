import type { Json } from '../../coordinator/states.ts';
import { MachineError } from './machine-error.ts';

/** Items in order, one at a time: undefined after the last. Calls may overlap; they are answered in order. */
export type ItemSource = { take(): Json | undefined | Promise<Json | undefined>; close(): void };

export function arraySource(items: readonly Json[]): ItemSource {
  let index = 0;
  return { take: () => items[index++], close: () => {} };
}

/** Reads on as items are taken. @throws MachineError States.ItemReaderFailed from `take` */
export function readerSource(open: () => Iterable<unknown> | AsyncIterable<unknown>): ItemSource {
  let reading: Promise<unknown> = Promise.resolve();
  let iterator: Iterator<unknown> | AsyncIterator<unknown> | undefined;

  async function read(): Promise<Json | undefined> {
    try {
      iterator ??= iteratorOf(open());
      const { done, value } = await iterator.next();
      return done ? undefined : (value as Json);
    } catch (error) {
      throw new MachineError('States.ItemReaderFailed', error instanceof Error ? error.message : String(error), { cause: error });
    }
  }

  return {
    take() {
      const taken = reading.then(read);
      reading = taken.catch(() => {}); // Whoever took it has the error; what follows must not wait for ever.
      return taken;
    },
    close() {
      // Nobody waits for a reader that is given up, so nobody could be told of its error.
      reading = reading.then(() => iterator?.return?.()).then(undefined, () => {});
    },
  };
}

function iteratorOf(items: Iterable<unknown> | AsyncIterable<unknown>): Iterator<unknown> | AsyncIterator<unknown> {
  return Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
}
