import type { Json } from '../../coordinator/states.ts';
import { type ParseScope, type RunnableState, runChain } from './chain.ts';
import { checkDataLimit } from './data-limit.ts';
import type { Fields } from './fields.ts';
import { guardedState } from './guarded-work.ts';
import { linkSignal } from './linked-signal.ts';

/** Runs its branches at once. The first failure, with the branch's own error, stops the others, which are not waited for. */
export function parseParallel(name: string, fields: Fields, parse: ParseScope): RunnableState {
  const branches = fields.optionalArray('Branches') ?? fields.refuse('Branches', 'missing');
  const chains = branches.map((branch, index) => parse.parseChain(`${fields.where}.Branches[${index}]`, branch, parse.context));

  return guardedState(name, fields, parse, async (input, scope) => {
    const own = linkSignal(scope.signal);
    try {
      const results: Json = await Promise.all(chains.map((chain) => runChain(chain, input, { ...scope, signal: own.signal })));
      checkDataLimit(results, name);
      return results;
    } catch (error) {
      own.abort(error);
      throw error;
    } finally {
      own.release();
    }
  });
}
