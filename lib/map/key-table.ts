import { ARENA_START, KEY_LENGTH_MASK } from './arena.ts';
import type { MapMemory } from './map-memory.ts';
import { SORT_ENTRY_WORDS } from './record-sort.ts';

/** Words that the bytes of a short key take, and how many bytes that is: such keys are hashed and compared without a loop. */
export const SHORT_WORDS = 3;
export const SHORT_BYTES = 12;

const CAPACITY_MIN = 256;
/** Places at the end of a table that are set aside while it grows, and entries that may wait until it has grown. */
const ASIDE_PLACES = 1024;
/** Slots are kept in 24 bits while entries are sorted. */
const SLOTS_MAX = 0xff_ffff;

/**
 * Finds the slot of a key: open addressing with linear probing at the upper end of the memory, entries with the keys in the arena at its
 * lower end (arena.ts). A place is two words, hash and entry, so that a hit reads one place and one entry. Keys come packed: the words of
 * their entry from word 1 on, the head first.
 */
export class KeyTable {
  readonly memory: MapMemory;
  /** Keys held: their slots are 0 … slots - 1, in the order of their entries. */
  slots = 0;
  /** First free word of the arena. */
  arenaEnd = ARENA_START;
  /** First word of the places; there are mask + 1. The home of a key is the upper bits of its hash: hash >>> shift. */
  start = 0;
  mask = 0;
  shift = 0;
  private readonly aside = new Int32Array(ASIDE_PLACES * 2);
  private readonly late = new Int32Array(ASIDE_PLACES * 2);
  /** Written so that loads that only bring words into the cache are not dropped as useless. */
  touched = 0;

  constructor(memory: MapMemory) {
    this.memory = memory;
    this.reset(CAPACITY_MIN);
  }

  /** The slot of the key packed in `packed` from `from` on, or -1. */
  find(hash: number, packed: Int32Array, from: number): number {
    const { start, mask } = this;
    const words = this.memory.words;
    for (let at = hash >>> this.shift; ; at = (at + 1) & mask) {
      const ref = words[start + (at << 1) + 1]!;
      if (ref === 0) return -1;
      if (words[start + (at << 1)] === hash && isEntryOf(words, ref, packed, from)) return words[ref]!;
    }
  }

  /**
   * Finds the slots of many keys, or -1, in passes that touch places and entries before the last one needs them: the loads of a pass do
   * not wait for one another, as those of one `find` after another do.
   * @param slots takes the answers
   */
  findMany(count: number, hashes: Int32Array, packed: Int32Array, starts: Int32Array, slots: Int32Array): void {
    const { start, mask, shift } = this;
    const words = this.memory.words;
    let touched = 0;
    for (let index = 0; index < count; index++) touched ^= words[start + ((hashes[index]! >>> shift) << 1)]!;
    for (let index = 0; index < count; index++) {
      const hash = hashes[index]!;
      let at = hash >>> shift;
      let ref = words[start + (at << 1) + 1]!;
      while (ref !== 0 && words[start + (at << 1)] !== hash) {
        at = (at + 1) & mask;
        ref = words[start + (at << 1) + 1]!;
      }
      slots[index] = ref;
    }
    for (let index = 0; index < count; index++) {
      const ref = slots[index]!;
      touched ^= words[ref + 1]! ^ words[ref + 1 + SHORT_WORDS]!;
    }
    this.touched = touched;
    for (let index = 0; index < count; index++) {
      const ref = slots[index]!;
      if (ref === 0) slots[index] = -1;
      else if (isEntryOf(words, ref, packed, starts[index]!)) slots[index] = words[ref]!;
      else slots[index] = this.find(hashes[index]!, packed, starts[index]!);
    }
  }

  /** Words that are taken with one more entry of so many words, and all that sorting will take. Infinite when slots run out. */
  wordsWith(entryWords: number): number {
    const slots = entryWords === 0 ? this.slots : this.slots + 1;
    if (slots > SLOTS_MAX) return Infinity;
    return this.arenaEnd + entryWords + Math.max(slots * SORT_ENTRY_WORDS, this.memory.words.length - this.start);
  }

  /** Adds a key that is not there, when `wordsWith` says that it fits. Answers its slot. */
  insert(hash: number, packed: Int32Array, from: number): number {
    const slot = this.slots;
    if (slot * 8 >= (this.mask + 1) * 5) this.grow();
    const words = this.memory.words;
    const ref = this.arenaEnd;
    const entryWords = entryWordsOf(packed[from]!);
    this.place(hash, ref);
    words[ref] = slot;
    for (let index = 1; index < entryWords; index++) words[ref + index] = packed[from + index - 1]!;
    this.arenaEnd = ref + entryWords;
    this.slots = slot + 1;
    return slot;
  }

  clear(): void {
    this.slots = 0;
    this.arenaEnd = ARENA_START;
    this.reset(this.mask + 1);
  }

  private reset(capacity: number): void {
    this.resize(capacity);
    this.memory.words.fill(0, this.start);
  }

  private resize(capacity: number): void {
    this.mask = capacity - 1;
    this.shift = Math.clz32(this.mask);
    this.start = this.memory.words.length - capacity * 2;
  }

  private place(hash: number, ref: number): void {
    const { start, mask } = this;
    const words = this.memory.words;
    let at = hash >>> this.shift;
    while (words[start + (at << 1) + 1] !== 0) at = (at + 1) & mask;
    words[start + (at << 1)] = hash;
    words[start + (at << 1) + 1] = ref;
  }

  /**
   * Doubles the places. It fits: 6.4 words a slot, where sorting needs 7. The home of the key at place i is then 2i or 2i + 1, or a
   * little before, so the old places, which are the upper half of the new ones, are walked upwards and moved downwards: reads and writes in
   * order, a fifth of the time that placing the keys of the arena anew takes. What would land on old places not read yet waits.
   */
  private grow(): void {
    const words = this.memory.words;
    const oldStart = this.start;
    const oldPlaces = this.mask + 1;
    this.resize(oldPlaces * 2);
    const { start, shift, aside, late } = this;
    words.fill(0, start, oldStart);
    const asideStart = Math.max(oldStart, words.length - aside.length);
    const asideWords = words.length - asideStart;
    for (let index = 0; index < asideWords; index++) aside[index] = words[asideStart + index]!;
    words.fill(0, asideStart);
    let lateWords = 0;
    for (let from = oldStart; from < asideStart; from += 2) {
      const ref = words[from + 1]!;
      if (ref === 0) continue;
      const hash = words[from]!;
      words[from + 1] = 0;
      let to = start + ((hash >>> shift) << 1);
      while (to <= from && words[to + 1] !== 0) to += 2;
      if (to <= from) {
        words[to] = hash;
        words[to + 1] = ref;
      } else if (lateWords === late.length) {
        this.placeAll();
        return;
      } else {
        late[lateWords++] = hash;
        late[lateWords++] = ref;
      }
    }
    for (let index = 0; index < asideWords; index += 2) if (aside[index + 1] !== 0) this.place(aside[index]!, aside[index + 1]!);
    for (let index = 0; index < lateWords; index += 2) this.place(late[index]!, late[index + 1]!);
  }

  /** The slow way, for hashes that crowd together: every key of the arena into an empty table. */
  private placeAll(): void {
    const words = this.memory.words;
    words.fill(0, this.start);
    for (let ref = ARENA_START; ref < this.arenaEnd; ref += entryWordsOf(words[ref + 1]!))
      this.place(hashPacked(words, ref + 1), ref);
  }
}

/** Words of a key's entry, by its head. Short keys take three words for their bytes, so that all of them are alike. */
export function entryWordsOf(head: number): number {
  const bodyWords = ((head & KEY_LENGTH_MASK) + 2) >> 2;
  return 2 + Math.max(bodyWords, SHORT_WORDS);
}

/**
 * Of this table alone: it may change. Each word is folded before it is multiplied, for digits and letters differ in the same few bits of
 * every byte: without the folds, 160,000 keys of eight digits had 21,000 equal hashes instead of 22. The upper bits are the good ones.
 */
export function hashShort(head: number, word1: number, word2: number, word3: number): number {
  const first = head ^ word1;
  const hash1 = Math.imul(first ^ (first >>> 15), 0x85ebca6b);
  const hash2 = Math.imul(word2 ^ (word2 >>> 15), 0xcc9e2d51);
  const hash3 = Math.imul(word3 ^ (word3 >>> 15), 0x1b873593);
  const hash = hash1 ^ ((hash2 << 11) | (hash2 >>> 21)) ^ ((hash3 << 22) | (hash3 >>> 10));
  return Math.imul(hash ^ (hash >>> 16), 0x9e3779b1);
}

/** The same for a packed key of any length. */
export function hashPacked(words: Int32Array, from: number): number {
  const head = words[from]!;
  const end = from + entryWordsOf(head) - 1;
  if (end === from + 1 + SHORT_WORDS) return hashShort(head, words[from + 1]!, words[from + 2]!, words[from + 3]!);
  let hash = head;
  for (let at = from + 1; at < end; at++) {
    const word = words[at]!;
    hash = Math.imul(((hash << 13) | (hash >>> 19)) ^ word ^ (word >>> 15), 0xcc9e2d51);
  }
  return Math.imul(hash ^ (hash >>> 16), 0x9e3779b1);
}

/** The heads say length and type tag, so equal heads have equally many words. */
function isEntryOf(words: Int32Array, ref: number, packed: Int32Array, from: number): boolean {
  const head = packed[from]!;
  if (
    words[ref + 1] !== head ||
    words[ref + 2] !== packed[from + 1] ||
    words[ref + 3] !== packed[from + 2] ||
    words[ref + 4] !== packed[from + 3]
  ) {
    return false;
  }
  const keyWords = entryWordsOf(head) - 1;
  let index = SHORT_WORDS + 1;
  while (index < keyWords && words[ref + 1 + index] === packed[from + index]) index++;
  return index >= keyWords;
}
