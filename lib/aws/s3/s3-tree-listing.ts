import type { S3Client } from '@aws-sdk/client-s3';
import { compareKeys } from '../../ports/key-order.ts';
import type { ObjectInfo } from '../../ports/object-store.ts';
import { forEachOf } from '../requests/in-flight.ts';
import { inOrder } from '../requests/read-ahead.ts';
import { listPages } from './s3-listing.ts';

/** Most inputs end within these; only then is it worth a look at how the rest may be cut. */
const PLAIN_PAGES = 4;
/** A listing gives some 5,000 keys a second; this many side by side list ten million in a few minutes. */
const LISTS_IN_FLIGHT = 16;
/** Ranges of a round: enough for lists of unequal length to end together, fewer where ranges turn out to hold less than a page. */
const CUTS_MAX = 64;
const CUTS_MIN = 4;
const FOLDERS_PER_LEVEL_MAX = 64;
const FOLDER_PAGES_MAX = 10;
const LEVELS_MAX = 6;

/**
 * Every object below `prefix` in UTF-8 byte order, a page of at most 1,000 at a time. A long listing is cut at names of folders, and the
 * ranges between them are listed side by side, in rounds. Folders are only where it is cut: each range says itself what is in it.
 * Where there are no folders, one page comes after the other, since nothing else tells how keys are spread.
 */
export async function* listTree(client: S3Client, bucket: string, prefix: string): AsyncGenerator<readonly ObjectInfo[]> {
  let after = '';
  let pageKeys = 0;
  for (let cutsWanted = CUTS_MAX; ; ) {
    let pages = 0;
    for await (const { objects, isLast } of listPages(client, { bucket, prefix, ...(after !== '' && { after }) })) {
      yield objects;
      if (isLast) return;
      after = objects.at(-1)?.key ?? after;
      pageKeys = Math.max(pageKeys, objects.length);
      pages += 1;
      if (pages === PLAIN_PAGES) break;
    }
    const cuts = await findCuts(client, { bucket, prefix, after, cutsWanted });
    const last = cuts.at(-1);
    if (last === undefined) {
      for await (const { objects } of listPages(client, { bucket, prefix, after })) yield objects;
      return;
    }
    let keys = 0;
    const ranges = cuts.map((until, at) => () => listRange(client, { bucket, prefix, after: cuts[at - 1] ?? after, until }));
    for await (const page of inOrder(ranges, LISTS_IN_FLIGHT)) {
      keys += page.length;
      yield page;
    }
    cutsWanted = keys < cuts.length * pageKeys ? Math.max(CUTS_MIN, cutsWanted / 2) : Math.min(CUTS_MAX, cutsWanted * 2);
    after = last;
  }
}

/** Keys after `after`, up to and with `until`. */
async function* listRange(
  client: S3Client,
  range: { readonly bucket: string; readonly prefix: string; readonly after: string; readonly until: string },
): AsyncGenerator<readonly ObjectInfo[]> {
  const { bucket, prefix, after, until } = range;
  for await (const { objects } of listPages(client, { bucket, prefix, after })) {
    const inside = objects.filter(({ key }) => compareKeys(key, until) <= 0);
    yield inside;
    if (inside.length < objects.length || objects.at(-1)?.key === until) return;
  }
}

/** Names of folders after `after`, in order: those directly below `prefix`, and where they are few, those in them, and so on. */
async function findCuts(
  client: S3Client,
  search: { readonly bucket: string; readonly prefix: string; readonly after: string; readonly cutsWanted: number },
): Promise<readonly string[]> {
  const { prefix, after, cutsWanted } = search;
  const cuts = new Set<string>();
  let level: readonly string[] = [prefix];
  for (let depth = 0; depth < LEVELS_MAX && level.length > 0 && cuts.size < cutsWanted / 2; depth++) {
    const below: string[] = [];
    await forEachOf(evenly(level, FOLDERS_PER_LEVEL_MAX), LISTS_IN_FLIGHT, async (folder) => {
      below.push(...(await foldersIn(client, { ...search, prefix: folder })));
    });
    below.sort(compareKeys);
    const later = below.filter((folder) => compareKeys(folder, after) > 0);
    for (const folder of evenly(later, cutsWanted)) cuts.add(folder);
    // In what ends before `after` there is nothing left to list.
    level = below.filter((folder) => compareKeys(folder, after) > 0 || after.startsWith(folder));
  }
  return [...cuts].sort(compareKeys);
}

async function foldersIn(
  client: S3Client,
  { bucket, prefix, after }: { readonly bucket: string; readonly prefix: string; readonly after: string },
): Promise<readonly string[]> {
  const found: string[] = [];
  let pages = 0;
  const query = { bucket, prefix, delimiter: '/', ...(after.startsWith(prefix) && { after }) } as const;
  for await (const { folders, objects } of listPages(client, query)) {
    found.push(...folders);
    pages += 1;
    // Objects fill these pages too, and are listed elsewhere.
    if (pages === FOLDER_PAGES_MAX || objects.length > folders.length) break;
  }
  return found;
}

/** At most `count` of the items, at equal distances. */
function evenly<Item>(items: readonly Item[], count: number): readonly Item[] {
  const step = Math.max(1, Math.ceil(items.length / count));
  return items.filter((_, at) => at % step === step - 1);
}
