/** A process that dies: all that it does from then on fails. */
export class Died extends Error {
  override readonly name = 'Died';
}

/** Counts the calls of everything that it wraps, and dies at one of them: before it takes effect, or after it. */
export class Mortal {
  calls = 0;
  readonly #diesAt: number;
  readonly #when: 'before' | 'after';

  constructor(diesAt = Number.POSITIVE_INFINITY, when: 'before' | 'after' = 'before') {
    this.#diesAt = diesAt;
    this.#when = when;
  }

  wrap<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        if (name === 'readTasks') return value.bind(target); // Pages, which only look.
        return async (...parameters: unknown[]): Promise<unknown> => {
          const call = this.calls++;
          if (call > this.#diesAt || (call === this.#diesAt && this.#when === 'before')) throw new Died(`at call ${call}`);
          const answer: unknown = await (value as (...given: unknown[]) => unknown).apply(target, parameters);
          if (call === this.#diesAt) throw new Died(`at call ${call}`);
          return answer;
        };
      },
    });
  }
}

/** A process that is slow: before one of its calls takes effect, `meanwhile` happens. */
export class Overtaken extends Mortal {
  #isDue = true;
  readonly #at: number;
  readonly #meanwhile: () => Promise<void>;

  constructor(at: number, meanwhile: () => Promise<void>) {
    super();
    this.#at = at;
    this.#meanwhile = meanwhile;
  }

  override wrap<Port extends object>(port: Port): Port {
    return new Proxy(super.wrap(port), {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function' || name === 'readTasks') return value;
        return async (...parameters: unknown[]): Promise<unknown> => {
          if (this.#isDue && this.calls === this.#at) {
            this.#isDue = false;
            await this.#meanwhile();
          }
          return await (value as (...given: unknown[]) => unknown)(...parameters);
        };
      },
    });
  }
}
