/**
 * Temporary files of one attempt, private to its sandbox. Synchronous, because merges run without awaiting.
 * All files vanish with the sandbox's scratch folder, also after a kill.
 */
export interface Scratch {
  /** @throws ScratchFullError */
  create(): ScratchFile;
  /** Deletes every file that is still open. */
  clear(): void;
}

export interface ScratchFile {
  readonly bytes: number;
  /** Appends. The caller may reuse `bytes` at once. @throws ScratchFullError */
  append(bytes: Uint8Array): void;
  /** Fills `target` from `byteStart` on; answers how many bytes there were, fewer than asked for only at the file's end. */
  read(byteStart: number, target: Uint8Array): number;
  /** The file must not be used after it. A second call does nothing. */
  delete(): void;
}
