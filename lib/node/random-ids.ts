import { randomBytes } from 'node:crypto';
import type { Ids } from '../ports/ids.ts';

/** Ids that sort by the time they were made: 9 characters of milliseconds in base 36, then 80 random bits. */
export class RandomIds implements Ids {
  newId(): string {
    return `${Date.now().toString(36).padStart(9, '0')}${randomBytes(10).toString('hex')}`;
  }

  random(): number {
    return Math.random();
  }
}
