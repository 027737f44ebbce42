import { toTaskError } from '../../coordinator/task-error.ts';
import type { Invocation } from './task-deadline.ts';

/** What a function exports. Events come from the state machine or a rule, and are checked before they are used. */
export type LambdaHandler<Answer> = (event: unknown, invocation: Invocation) => Promise<Answer>;

/** The frame of every handler: whatever goes wrong leaves as a TaskError, whose name the state machine matches. */
export function lambdaHandler<Answer>(handle: LambdaHandler<Answer>): LambdaHandler<Answer> {
  return async (event, invocation) => {
    try {
      return await handle(event, invocation);
    } catch (error) {
      throw toTaskError(error);
    }
  };
}

/**
 * Opens what lives as long as the container: on Lambda when its module is loaded, which is part of the container's start; elsewhere at
 * the first call, so that a test may import a handler.
 */
export function onceAContainer<Opened>(open: () => Opened): () => Opened {
  let opened: { readonly value: Opened } | undefined;
  const get = () => {
    opened ??= { value: open() };
    return opened.value;
  };
  if (process.env.AWS_LAMBDA_FUNCTION_NAME !== undefined) get();
  return get;
}
