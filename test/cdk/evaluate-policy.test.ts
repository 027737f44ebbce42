import { describe, expect, it } from 'vitest';
import { evaluatePolicy, isLike, type PolicyStatementJson } from '../support/evaluate-policy.ts';

const read: PolicyStatementJson = { Sid: 'Read', Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::data/in/*' };
const list: PolicyStatementJson = {
  Sid: 'List',
  Effect: 'Allow',
  Action: ['s3:ListBucket'],
  Resource: ['arn:aws:s3:::data'],
  Condition: { StringLike: { 's3:prefix': ['in/*', 'in'] } },
};
const get = (...resources: string[]) => ({ action: 's3:GetObject', resources });
const listing = (prefix?: string) => ({
  action: 's3:ListBucket',
  resources: ['arn:aws:s3:::data'],
  ...(prefix === undefined ? {} : { prefix }),
});

describe('evaluatePolicy', () => {
  it.each([
    { name: 'an object below the prefix', call: get('arn:aws:s3:::data/in/a/b'), allowed: true },
    { name: 'an object beside the prefix', call: get('arn:aws:s3:::data/in2/a'), allowed: false },
    { name: 'the bucket itself', call: get('arn:aws:s3:::data'), allowed: false },
    { name: 'another action', call: { action: 's3:PutObject', resources: ['arn:aws:s3:::data/in/a'] }, allowed: false },
    {
      name: 'an action in other letters',
      call: { action: 's3:getobject', resources: ['arn:aws:s3:::data/in/a'] },
      allowed: true,
    },
    {
      name: 'several resources that are all named',
      call: get('arn:aws:s3:::data/in/a', 'arn:aws:s3:::data/in/b'),
      allowed: true,
    },
    { name: 'several resources, one of them not named', call: get('arn:aws:s3:::data/in/a', 'arn:aws:s3:::x/b'), allowed: false },
    { name: 'no resource', call: get(), allowed: false },
    { name: 'a listing within the prefix', call: listing('in/2026/'), allowed: true },
    { name: 'a listing of exactly the prefix', call: listing('in'), allowed: true },
    { name: 'a listing of another prefix', call: listing('out/'), allowed: false },
    { name: 'a listing of the empty prefix', call: listing(''), allowed: false },
    { name: 'a listing without a prefix', call: listing(), allowed: false },
  ])('answers $allowed to $name', ({ call, allowed }) => {
    expect(evaluatePolicy([read, list], call).allowed).toBe(allowed);
  });

  it('lets IfExists hold where the request has no such key', () => {
    const ifExists = { ...list, Condition: { StringLikeIfExists: { 's3:prefix': 'in/*' } } };
    expect(evaluatePolicy([ifExists], listing()).allowed).toBe(true);
    expect(evaluatePolicy([ifExists], listing('in/x')).allowed).toBe(true);
    expect(evaluatePolicy([ifExists], listing('out/x')).allowed).toBe(false);
  });

  it('lets a Deny win over any Allow', () => {
    const deny: PolicyStatementJson = { Effect: 'Deny', Action: 's3:*', Resource: 'arn:aws:s3:::data/in/secret*' };
    expect(evaluatePolicy([read, deny], get('arn:aws:s3:::data/in/secret.txt')).allowed).toBe(false);
    expect(evaluatePolicy([read, deny], get('arn:aws:s3:::data/in/open.txt')).allowed).toBe(true);
  });

  it('names the statements that a call used', () => {
    const { used } = evaluatePolicy([read, list], get('arn:aws:s3:::data/in/a'));
    expect(used.map(({ Sid }) => Sid)).toEqual(['Read']);
  });

  it('throws at what it does not know, rather than allow it', () => {
    const strange = { ...read, NotResource: '*' } as PolicyStatementJson;
    expect(() => evaluatePolicy([strange], get('x'))).toThrow('NotResource');
    const ip = { ...read, Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } };
    expect(() => evaluatePolicy([ip], get('arn:aws:s3:::data/in/a'))).toThrow('aws:SourceIp');
    const not = { ...list, Condition: { StringNotLike: { 's3:prefix': 'x' } } };
    expect(() => evaluatePolicy([not], listing('in/'))).toThrow('StringNotLike');
  });

  it.each([
    ['a.b', 'a.b', true],
    ['axb', 'a.b', false],
    ['a/b/c', 'a*c', true],
    ['a\nc', 'a*c', true],
    ['abc', 'a?c', true],
    ['ac', 'a?c', false],
    ['a+(b)', 'a+(b)', true],
  ])('compares %j with the pattern %j', (text, pattern, expected) => {
    expect(isLike(text, pattern)).toBe(expected);
  });
});
