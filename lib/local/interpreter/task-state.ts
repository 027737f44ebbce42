import type { Json } from '../../coordinator/states.ts';
import type { MachineWorld, ParseScope, RunnableState, Scope } from './chain.ts';
import { checkDataLimit, limitedCopy } from './data-limit.ts';
import { Fields } from './fields.ts';
import { guardedState } from './guarded-work.ts';
import { linkSignal } from './linked-signal.ts';
import { MachineError } from './machine-error.ts';
import { parseTemplate } from './payload-template.ts';

const TIMEOUT_SECONDS_MAX = 99_999_999;

/** Invokes a function by `arn:aws:states:::lambda:invoke` and waits for its answer. */
export function parseTask(name: string, fields: Fields, parse: ParseScope): RunnableState {
  fields.oneOf('Resource', ['arn:aws:states:::lambda:invoke']);
  const timeoutSeconds = fields.optionalNumber('TimeoutSeconds', { min: 1, max: TIMEOUT_SECONDS_MAX, whole: true });
  const parameters = new Fields(`${fields.where}.Parameters`, fields.value('Parameters'));
  const functionArn = parameters.string('FunctionName');
  for (const field of ['Payload', 'Payload.$']) parameters.value(field);
  parameters.end();
  const parametersOf = parseTemplate(fields, 'Parameters', fields.value('Parameters'), parse.context);

  return guardedState(name, fields, parse, async (input, scope, context) => {
    const { Payload: payload = {} } = parametersOf(input, context) as { Payload?: Json };
    checkDataLimit(payload, name);
    const answer = await invoke(functionArn, payload, scope, timeoutSeconds);
    return { ExecutedVersion: '$LATEST', Payload: limitedCopy(answer, name), StatusCode: 200 };
  });
}

async function invoke(functionArn: string, payload: Json, scope: Scope, timeoutSeconds: number | undefined): Promise<unknown> {
  const { world, signal } = scope;
  try {
    if (timeoutSeconds === undefined) return await world.invoke(functionArn, payload, signal);
    return await withDeadline(world, timeoutSeconds * 1000, signal, async (own) => world.invoke(functionArn, payload, own));
  } catch (error) {
    throw error instanceof MachineError ? error : functionError(error);
  }
}

/** Answers within the time, or fails with States.Timeout; the work is told by its signal and not waited for. */
async function withDeadline<T>(
  world: MachineWorld,
  deadlineMs: number,
  parent: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = linkSignal(parent);
  const timer = linkSignal(parent);
  try {
    const expiry = world.clock.sleep(deadlineMs, timer.signal).then(() => {
      throw new MachineError('States.Timeout', '');
    });
    return await Promise.race([work(own.signal), expiry]);
  } catch (error) {
    own.abort(error);
    throw error;
  } finally {
    timer.abort(new Error('The task has ended.'));
    timer.release();
    own.release();
  }
}

/** As Lambda tells it: the error's name, and as cause the JSON of its type and message. */
function functionError(error: unknown): MachineError {
  const isError = error instanceof Error;
  const errorType = isError ? error.name : typeof error;
  const errorMessage = isError ? error.message : String(error);
  return new MachineError(errorType, JSON.stringify({ errorType, errorMessage, trace: [] }), { cause: error });
}
