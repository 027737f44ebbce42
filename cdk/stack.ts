import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { MapReduce, type MapReduceProps } from './map-reduce.ts';
import { writeStackOutputs } from './stack-outputs.ts';

/** A stack of nothing but refold, with the outputs that the command line reads: what `refold deploy` deploys. */
export class RefoldStack extends Stack {
  readonly mapReduce: MapReduce;

  constructor(scope: Construct, id: string, props: MapReduceProps & StackProps) {
    super(scope, id, { description: 'refold: serverless MapReduce', ...props });
    this.mapReduce = new MapReduce(this, 'Refold', props);
    writeStackOutputs(this, this.mapReduce);
  }
}
