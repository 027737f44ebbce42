import { Policy, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { acknowledgeWildcards } from './acknowledge.ts';
import { pascal } from './functions.ts';
import type { RoleName, Statement } from './statement.ts';

/**
 * The policy of a role, from its statements. A construct beside the role and not below it: functions depend on their roles, and their
 * roles' statements name the functions.
 */
export function createRolePolicy(scope: Construct, name: RoleName, role: Role, statements: readonly Statement[]): Policy {
  const policy = new Policy(scope, `${pascal(name)}Policy`, { roles: [role], statements: statements.map(toPolicyStatement) });
  acknowledgeWildcards(policy, statements);
  return policy;
}

export function toPolicyStatement({ sid, actions, resources, conditions }: Statement): PolicyStatement {
  return new PolicyStatement({
    sid,
    actions: [...actions],
    resources: [...resources],
    ...(conditions === undefined ? {} : { conditions }),
  });
}
