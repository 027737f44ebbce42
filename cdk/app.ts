import { App, RemovalPolicy } from 'aws-cdk-lib';
import { readAppSettings } from './app-settings.ts';
import { RefoldStack } from './stack.ts';

/** What `refold deploy` runs. Its settings are CDK context (`--context refold:stack=…`): see app-settings.ts. */
const app = new App({ analyticsReporting: false });
const { stack, removal, ...props } = readAppSettings((key) => app.node.tryGetContext(key));
const removalPolicy = removal === 'destroy' ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;
new RefoldStack(app, stack, { ...props, removalPolicy });
app.synth();
