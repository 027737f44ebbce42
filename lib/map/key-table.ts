import { ARENA_START, KEY_LENGTH_MASK } from './arena.ts';
import type { MapMemory } from './map-memory.ts';
import { SORT_ENTRY_WORDS } from './record-sort.ts';

/** Words that the bytes of a short key take, and how many bytes that is: such keys are hashed and compared without a loop. */
export const SHORT_WORDS = 3;
export const SHORT_BYTES = 12;

const CAPACITY_MIN = 256;
const GROW_CHUNK = 256;
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
  /** First word of the places; there are mask + 1. */
  start = 0;
  mask = 0;
  private readonly chunkHashes = new Int32Array(GROW_CHUNK);
  private readonly chunkRefs = new Int32Array(GROW_CHUNK);
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
    for (let at = hash & mask; ; at = (at + 1) & mask) {
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
    const { start, mask } = this;
    const words = this.memory.words;
    let touched = 0;
    for (let index = 0; index < count; index++) touched ^= words[start + ((hashes[index]! & mask) << 1)]!;
    for (let index = 0; index < count; index++) {
      const hash = hashes[index]!;
      let at = hash & mask;
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
    const words = this.memory.words;
    this.mask = capacity - 1;
    this.start = words.length - capacity * 2;
    words.fill(0, this.start);
  }

  private place(hash: number, ref: number): void {
    const { start, mask } = this;
    const words = this.memory.words;
    let at = hash & mask;
    while (words[start + (at << 1) + 1] !== 0) at = (at + 1) & mask;
    words[start + (at << 1)] = hash;
    words[start + (at << 1) + 1] = ref;
  }

  /** Doubles the places and fills them anew, a chunk at a time, touched first. It fits: 6.4 words a slot, where sorting needs 7. */
  private grow(): void {
    this.reset((this.mask + 1) * 2);
    const { start, mask, arenaEnd, chunkHashes, chunkRefs } = this;
    const words = this.memory.words;
    let touched = 0;
    for (let ref = ARENA_START; ref < arenaEnd; ) {
      let count = 0;
      for (; count < GROW_CHUNK && ref < arenaEnd; count++) {
        const hash = hashPacked(words, ref + 1);
        chunkHashes[count] = hash;
        chunkRefs[count] = ref;
        touched ^= words[start + ((hash & mask) << 1)]!;
        ref += entryWordsOf(words[ref + 1]!);
      }
      for (let index = 0; index < count; index++) this.place(chunkHashes[index]!, chunkRefs[index]!);
    }
    this.touched = touched;
  }
}

/** Words of a key's entry, by its head. Short keys take three words for their bytes, so that all of them are alike. */
export function entryWordsOf(head: number): number {
  const bodyWords = ((head & KEY_LENGTH_MASK) + 2) >> 2;
  return 2 + Math.max(bodyWords, SHORT_WORDS);
}

/** Of this table alone: it may change. */
export function hashShort(head: number, word1: number, word2: number, word3: number): number {
  return mix(
    Math.imul(head ^ word1, 0x85ebca6b) ^ Math.imul(word2, 0xcc9e2d51) ^ Math.imul((word3 << 7) | (word3 >>> 25), 0x1b873593),
  );
}

/** The same for a packed key of any length. */
export function hashPacked(words: Int32Array, from: number): number {
  const head = words[from]!;
  const end = from + entryWordsOf(head) - 1;
  if (end === from + 1 + SHORT_WORDS) return hashShort(head, words[from + 1]!, words[from + 2]!, words[from + 3]!);
  let hash = head;
  for (let at = from + 1; at < end; at++) hash = Math.imul(((hash << 13) | (hash >>> 19)) ^ words[at]!, 0xcc9e2d51);
  return mix(hash);
}

function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 15), 0xc2b2ae35);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0x27d4eb2f);
  return hash ^ (hash >>> 16);
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
