import { App, RemovalPolicy } from 'aws-cdk-lib';
import { readAppSettings } from './app-settings.ts';
import { RefoldStack } from './stack.ts';

/** What `refold deploy` runs. Its settings are CDK context (`--context refold:stack=…`): see app-settings.ts. */
const app = new App({ analyticsReporting: false });
try {
  const { stack, removal, ...props } = readAppSettings((key) => app.node.tryGetContext(key));
  const removalPolicy = removal === 'destroy' ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;
  new RefoldStack(app, stack, { ...props, removalPolicy });
  app.synth();
} catch (error) {
  // The settings are at fault, and the message says how: a trace of this program would bury it.
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
