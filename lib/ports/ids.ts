export interface Ids {
  /** Unique for ever, safe in a file name. */
  newId(): string;
  /** Uniform in [0, 1). For jitter only: nothing that decides content may use it. */
  random(): number;
}
