import { EnvironmentError } from '../world/read-environment.ts';
import { isRuleName, type TriggerRule } from './trigger-rule.ts';

/** REFOLD_TRIGGERS, which the stack has written. @throws EnvironmentError */
export function parseTriggerRules(values: readonly unknown[]): readonly TriggerRule[] {
  const rules = values.map((value, at) => {
    const rule = (value ?? {}) as TriggerRule;
    const isRule = [rule.name, rule.job, rule.bucket, rule.prefix, rule.suffix, rule.output].every(
      (text) => typeof text === 'string',
    );
    if (isRule && isRuleName(rule.name)) return rule;
    throw new EnvironmentError({ variable: 'REFOLD_TRIGGERS', reason: `holds no trigger rule at ${at}` });
  });
  const names = new Set(rules.map(({ name }) => name));
  if (names.size < rules.length) throw new EnvironmentError({ variable: 'REFOLD_TRIGGERS', reason: 'names two rules alike' });
  return rules;
}
