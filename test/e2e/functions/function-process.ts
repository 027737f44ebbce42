import type { LambdaHandler } from '../../../lib/aws/lambda/lambda-handler.ts';

/** One Lambda container as a process: loads the built handler that its argument names, and answers one event after another. */
export type FromFunction = { readonly residentBytes: number } & (
  | { readonly answer: unknown }
  | { readonly error: { readonly name: string; readonly message: string } }
);

/** What Lambda gives an invocation of five minutes. */
const invocation = { getRemainingTimeInMillis: () => 300_000 };
const { handler } = (await import(process.argv[2]!)) as { readonly handler: LambdaHandler<unknown> };

process.on('message', (event) => {
  handler(event, invocation).then(
    (answer) => say({ answer }),
    ({ name, message }: Error) => say({ error: { name, message } }),
  );
});

function say(said: object): void {
  process.send!({ ...said, residentBytes: process.memoryUsage.rss() });
}

process.on('disconnect', () => process.exit(0));
