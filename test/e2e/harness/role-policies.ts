import { DescribeStackResourcesCommand, GetTemplateCommand } from '@aws-sdk/client-cloudformation';
import type { PolicyStatementJson } from '../../support/evaluate-policy.ts';
import type { AwsClients } from './aws-clients.ts';

type Resource = { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> };
type Template = { readonly Resources: Readonly<Record<string, Resource>> };

/** A role that functions of the stack have. */
export type DeployedRole = {
  /** Logical id of the role, such as `RefoldFunctionsMapRole…`. */
  readonly roleId: string;
  readonly functionNames: readonly string[];
  readonly statements: readonly PolicyStatementJson[];
};

/** The roles of a deployed stack's functions, with the statements of the template as it was deployed, its names and ARNs filled in. */
export async function readDeployedRoles(
  { cloudFormation }: AwsClients,
  StackName: string,
  place: Place,
): Promise<DeployedRole[]> {
  const { TemplateBody = '{}' } = await cloudFormation.send(new GetTemplateCommand({ StackName }));
  const { StackResources = [] } = await cloudFormation.send(new DescribeStackResourcesCommand({ StackName }));
  const template = JSON.parse(TemplateBody) as Template;
  const physicalIds = new Map(
    StackResources.map(({ LogicalResourceId, PhysicalResourceId }) => [LogicalResourceId, PhysicalResourceId]),
  );
  const resolve = (value: unknown): unknown => resolveValue(value, { template, physicalIds, place });
  const ofType = (type: string) => Object.entries(template.Resources).filter(([, { Type }]) => Type === type);
  const functions = ofType('AWS::Lambda::Function').map(([id, { Properties = {} }]) => ({
    name: String(physicalIds.get(id)),
    roleId: (Properties['Role'] as { 'Fn::GetAtt': [string, string] })['Fn::GetAtt'][0],
  }));
  const policies = ofType('AWS::IAM::Policy').map(([, { Properties = {} }]) => ({
    roleIds: (Properties['Roles'] as { Ref: string }[]).map(({ Ref }) => Ref),
    statements: (resolve(Properties['PolicyDocument']) as { Statement: PolicyStatementJson[] }).Statement,
  }));
  return [...new Set(functions.map(({ roleId }) => roleId))].map((roleId) => ({
    roleId,
    functionNames: functions.filter((each) => each.roleId === roleId).map(({ name }) => name),
    statements: policies.filter(({ roleIds }) => roleIds.includes(roleId)).flatMap(({ statements }) => statements),
  }));
}

export type Place = { readonly account: string; readonly region: string };
type Names = {
  readonly template: Template;
  readonly physicalIds: ReadonlyMap<string | undefined, string | undefined>;
  readonly place: Place;
};

/** Fills in the functions of CloudFormation that refold's policies are written with. @throws Error for any other */
function resolveValue(value: unknown, names: Names): unknown {
  if (Array.isArray(value)) return value.map((each) => resolveValue(each, names));
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as Readonly<Record<string, unknown>>;
  if ('Ref' in fields) return refOf(String(fields['Ref']), names);
  if ('Fn::GetAtt' in fields) return arnOf(fields['Fn::GetAtt'] as [string, string], names);
  if ('Fn::Join' in fields) {
    const [separator, parts] = resolveValue(fields['Fn::Join'], names) as [string, string[]];
    return parts.join(separator);
  }
  const strange = Object.keys(fields).find((name) => name.startsWith('Fn::'));
  if (strange !== undefined) throw new Error(`A policy is written with ${strange}, which this test does not know.`);
  return Object.fromEntries(Object.entries(fields).map(([name, each]) => [name, resolveValue(each, names)]));
}

function refOf(id: string, { physicalIds, place }: Names): string {
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::Partition': 'aws',
    'AWS::AccountId': place.account,
    'AWS::Region': place.region,
  };
  const found = pseudo[id] ?? physicalIds.get(id);
  if (found === undefined) throw new Error(`The stack has no resource ${id}.`);
  return found;
}

function arnOf([id, attribute]: [string, string], names: Names): string {
  if (attribute !== 'Arn') throw new Error(`A policy names the attribute ${attribute} of ${id}, which this test does not know.`);
  const name = refOf(id, names);
  const { account, region } = names.place;
  const type = names.template.Resources[id]?.Type;
  switch (type) {
    case 'AWS::S3::Bucket':
      return `arn:aws:s3:::${name}`;
    case 'AWS::DynamoDB::Table':
      return `arn:aws:dynamodb:${region}:${account}:table/${name}`;
    case 'AWS::Lambda::Function':
      return `arn:aws:lambda:${region}:${account}:function:${name}`;
    case 'AWS::Logs::LogGroup':
      return `arn:aws:logs:${region}:${account}:log-group:${name}:*`;
    case 'AWS::SQS::Queue':
      return `arn:aws:sqs:${region}:${account}:${name.split('/').at(-1)}`;
    default:
      throw new Error(`A policy names the ARN of a ${type}, which this test does not know.`);
  }
}
