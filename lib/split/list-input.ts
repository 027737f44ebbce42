import { createHash, type Hash } from 'node:crypto';
import type { InputListing } from '../job/job-record.ts';
import type { InputStore } from '../ports/input-store.ts';
import type { ObjectInfo } from '../ports/object-store.ts';

/** Adds up a listing as it streams by: the digest names the exact objects, versions and sizes, in order. */
export class ListingDigest {
  objects = 0;
  bytes = 0;
  private readonly hash: Hash = createHash('sha256');

  add(page: readonly ObjectInfo[]): void {
    for (const { key, version, bytes } of page) {
      this.hash.update(`${key}\0${version}\0${bytes}\n`);
      this.objects += 1;
      this.bytes += bytes;
    }
  }

  finish(): { readonly objects: number; readonly bytes: number; readonly digest: string } {
    return { objects: this.objects, bytes: this.bytes, digest: this.hash.digest('hex') };
  }
}

/** Lists one input to name the job by it. @throws InputMissingError */
export async function listInput(store: InputStore, name: string, location: string): Promise<InputListing> {
  const digest = new ListingDigest();
  for await (const page of store.list(location)) digest.add(page);
  return { name, location, ...digest.finish() };
}
