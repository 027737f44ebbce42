/** A call as IAM sees it. A policy must allow `action` on every resource. */
export type RecordedCall = {
  readonly action: string;
  /** ARNs. The account is `*`: no call says which it is. */
  readonly resources: readonly string[];
  /** Of `s3:ListBucket`: what the condition key `s3:prefix` holds. */
  readonly prefix?: string;
};

/** What the middleware of a client knows of a call. */
export type SentCall = {
  /** `s3`, `dynamodb`, `states` …: the prefix of its IAM actions. */
  readonly service: string;
  /** `GetObject`, without `Command`. */
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly region: string;
};

/** The IAM actions that a call needs, each with its resources. Pure. */
export function recordedCallsOf(call: SentCall): readonly RecordedCall[] {
  if (call.service === 's3') return s3Calls(call);
  if (call.service === 'dynamodb') return tableCalls(call);
  const { service, operation, input } = call;
  const action = `${service}:${ACTIONS[`${service}:${operation}`] ?? operation}`;
  return [{ action, resources: [resourceOf(call, input)] }];
}

const ACTIONS: Readonly<Record<string, string>> = { 'lambda:Invoke': 'InvokeFunction' };

/** Operations whose IAM action has another name. */
const S3_ACTIONS: Readonly<Record<string, string>> = {
  HeadObject: 'GetObject',
  CreateMultipartUpload: 'PutObject',
  UploadPart: 'PutObject',
  CompleteMultipartUpload: 'PutObject',
  ListParts: 'ListMultipartUploadParts',
  ListObjectsV2: 'ListBucket',
  HeadBucket: 'ListBucket',
  ListMultipartUploads: 'ListBucketMultipartUploads',
};

function s3Calls({ operation, input }: SentCall): readonly RecordedCall[] {
  const action = `s3:${S3_ACTIONS[operation] ?? operation}`;
  const bucket = `arn:aws:s3:::${textOf(input.Bucket)}`;
  if (operation === 'DeleteObjects') {
    const objects = (input.Delete as { Objects?: readonly { Key?: string }[] } | undefined)?.Objects ?? [];
    return [{ action: 's3:DeleteObject', resources: objects.map(({ Key }) => `${bucket}/${Key}`) }];
  }
  if (input.Key === undefined) {
    return [{ action, resources: [bucket], ...(operation === 'ListObjectsV2' && { prefix: textOf(input.Prefix) }) }];
  }
  return [{ action, resources: [`${bucket}/${textOf(input.Key)}`] }];
}

/** What each kind of item of a transaction needs. */
const TRANSACTION_ACTIONS = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
  Get: 'GetItem',
} as const;

function tableCalls(call: SentCall): readonly RecordedCall[] {
  const { operation, input } = call;
  const items = input.TransactItems as readonly Readonly<Record<string, { TableName?: string }>>[] | undefined;
  if (items !== undefined) {
    const calls = items.flatMap((item) =>
      Object.entries(TRANSACTION_ACTIONS)
        .filter(([kind]) => item[kind] !== undefined)
        .map(([kind, action]) => ({ action: `dynamodb:${action}`, resources: [tableArn(call, item[kind]?.TableName)] })),
    );
    return calls.filter(
      ({ action, resources }, at) =>
        calls.findIndex((other) => other.action === action && other.resources[0] === resources[0]) === at,
    );
  }
  if (input.RequestItems !== undefined) {
    const tables = Object.keys(input.RequestItems as object).map((name) => tableArn(call, name));
    return [{ action: `dynamodb:${operation}`, resources: tables }];
  }
  const index = input.IndexName === undefined ? '' : `/index/${textOf(input.IndexName)}`;
  return [{ action: `dynamodb:${operation}`, resources: [`${tableArn(call, textOf(input.TableName))}${index}`] }];
}

function tableArn({ region }: SentCall, name = ''): string {
  return name.startsWith('arn:') ? name : `arn:aws:dynamodb:${region}:*:table/${name}`;
}

/** Fields that name what a call is about, in the order in which they decide. */
function resourceOf({ service, region }: SentCall, input: Readonly<Record<string, unknown>>): string {
  const named = input.mapRunArn ?? input.executionArn ?? input.stateMachineArn;
  if (typeof named === 'string') return named;
  const inRegion = (rest: string): string => (rest.startsWith('arn:') ? rest : `arn:aws:${service}:${region}:*:${rest}`);
  if (typeof input.FunctionName === 'string') return inRegion(withKind('function', input.FunctionName));
  if (typeof input.StackName === 'string') return inRegion(withKind('stack', input.StackName, '/*', '/'));
  if (typeof input.logGroupName === 'string') return inRegion(withKind('log-group', input.logGroupName));
  return '*';
}

function withKind(kind: string, name: string, end = '', separator = ':'): string {
  return name.startsWith('arn:') ? name : `${kind}${separator}${name}${end}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
