/**
 * Temporary files of one attempt, private to its sandbox. Synchronous, because merges run without awaiting.
 * All files vanish with the sandbox's scratch folder, also after a kill.
 */
export interface Scratch {
  create(): ScratchFile;
  /** Deletes every file that is still open. */
  clear(): void;
}

export interface ScratchFile {
  readonly bytes: number;
  /** Appends. The caller may reuse `bytes` at once. @throws ScratchFullError */
  append(bytes: Uint8Array): void;
  /** Fills `target` from `byteStart` on; answers how many bytes there were. */
  read(byteStart: number, target: Uint8Array): number;
  delete(): void;
}
