/** A seeded stream of random numbers (sfc32, public domain): the same seed gives the same data on every machine. */
export class Random {
  private a: number;
  private b: number;
  private c = 0x9e3779b9 | 0;
  private d = 1;

  constructor(seed: number) {
    this.a = seed | 0;
    this.b = Math.imul(seed, 0x85ebca6b);
    for (let round = 0; round < 12; round++) this.next();
  }

  /** A signed whole number of 32 bits. */
  next(): number {
    const result = (this.a + this.b + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + result) | 0;
    return result;
  }

  /** In [0, 1). */
  unit(): number {
    return (this.next() >>> 0) / 0x1_0000_0000;
  }

  /** A whole number in [0, limit), each as likely as the next. */
  below(limit: number): number {
    return Math.floor(this.unit() * limit);
  }

  /**
   * A rank in [0, limit) by a mild power law: the density falls as rank^(-1/3), so that the rarest rank still has two thirds of an even
   * share. 55 million draws of 2 million ranks, the text of 500 MB, hit every rank at least once but for one in e^-18.
   */
  rank(limit: number): number {
    const unit = this.unit();
    return Math.floor(unit * Math.sqrt(unit) * limit);
  }
}

/** Scatters a whole number over 32 bits, the same way every time: names are made of it instead of being kept in a table. */
export function scatter(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}
