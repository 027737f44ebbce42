/** refold in your own CDK app: `new MapReduce(this, 'Jobs', { jobs, inputs, outputs })`. */
export type { AlarmTargets } from './alarms.ts';
export type { Memory } from './function-kinds.ts';
export type { FunctionVpc } from './functions.ts';
export type { Location } from './location.ts';
export { MapReduce, type MapReduceProps } from './map-reduce.ts';
export { permissionsOf } from './permissions.ts';
export { RefoldStack } from './stack.ts';
export { writeStackOutputs } from './stack-outputs.ts';
export type { PermissionFacts, RoleName, Statement } from './statement.ts';
export type { Trigger } from './trigger-rules.ts';
