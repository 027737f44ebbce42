import { describe, expect, it } from 'vitest';
import {
  checkAllowed,
  checkOverlap,
  isWithin,
  LocationNotAllowedError,
  normalizeOutput,
  parseS3Location,
} from '../../../lib/aws/s3/location.ts';
import { OutputOverlapError } from '../../../lib/coordinator/output-overlap-error.ts';
import { InvalidOptionError } from '../../../lib/errors.ts';

describe('parseS3Location', () => {
  it.each([
    ['s3://bucket', { bucket: 'bucket', key: '' }],
    ['s3://bucket/', { bucket: 'bucket', key: '' }],
    ['s3://bucket/a/b.txt', { bucket: 'bucket', key: 'a/b.txt' }],
    ['s3://bucket/a//b/../c/', { bucket: 'bucket', key: 'a//b/../c/' }],
    ['s3://bucket/line\nbreak', { bucket: 'bucket', key: 'line\nbreak' }],
  ])('takes %j apart', (location, expected) => {
    expect(parseS3Location(location)).toEqual(expected);
  });

  it.each(['', 'bucket/a', 's3:/bucket/a', 's3://', 's3:///a', 's3://UPPER/a', 's3://b/a', 'S3://bucket/a', '/a/s3://bucket'])(
    'refuses %j',
    (location) => {
      expect(() => parseS3Location(location, '--input')).toThrow(InvalidOptionError);
    },
  );
});

describe('normalizeOutput', () => {
  it('gives one spelling', () => {
    for (const spelling of ['s3://bucket/out', 's3://bucket/out/', 's3://bucket/out//']) {
      expect(normalizeOutput(spelling)).toBe('s3://bucket/out');
    }
  });

  it.each(['s3://bucket', 's3://bucket/', 's3://bucket//', 's3://bucket/out-*', 's3://bucket/{a,b}'])(
    'refuses %j',
    (location) => {
      expect(() => normalizeOutput(location)).toThrow(InvalidOptionError);
    },
  );
});

describe('isWithin', () => {
  it.each([
    ['s3://bucket/logs/a', 's3://bucket/logs', true],
    ['s3://bucket/logs', 's3://bucket/logs/', true],
    ['s3://bucket/logs/', 's3://bucket/logs', true],
    ['s3://bucket/anything', 's3://bucket', true],
    ['s3://bucket', 's3://bucket/', true],
    ['s3://bucket/logs2/a', 's3://bucket/logs', false],
    ['s3://bucket', 's3://bucket/logs', false],
    ['s3://other/logs/a', 's3://bucket/logs', false],
    ['s3://bucket/logs/2026-*', 's3://bucket/logs', true],
    ['s3://bucket/logs/*', 's3://bucket/logs', true],
    ['s3://bucket/logs*', 's3://bucket/logs', false],
    ['s3://bucket/*/a', 's3://bucket/logs', false],
    ['s3://bucket/{logs,secrets}/a', 's3://bucket/logs', false],
  ])('says whether %s lies in %s: %s', (location, allowed, expected) => {
    expect(isWithin(location, ['s3://elsewhere/x', allowed])).toBe(expected);
  });

  it('allows nothing where nothing is allowed, and says what is', () => {
    expect(isWithin('s3://bucket/logs', [])).toBe(false);
    expect(() => checkAllowed('input', 's3://bucket/a', ['s3://bucket/logs'])).toThrow(LocationNotAllowedError);
    const hint = expect.stringContaining('refold deploy … --output');
    expect(() => checkAllowed('output', 's3://bucket/a', [])).toThrow(expect.objectContaining({ hint }));
    expect(() => checkAllowed('input', 's3://bucket/a', ['s3://bucket/logs'])).toThrow(/inputs: s3:\/\/bucket\/logs/);
  });
});

describe('checkOverlap', () => {
  const check = (input: string, output: string, workKey = 'work/') =>
    checkOverlap({ inputs: [input], output, workArea: { bucket: 'work-bucket', key: workKey } });

  it.each([
    ['s3://bucket/logs', 's3://bucket/logs/'],
    ['s3://bucket/logs/2026', 's3://bucket/logs'],
    ['s3://bucket/logs', 's3://bucket/logs/out'],
    ['s3://bucket', 's3://bucket/out'],
    ['s3://bucket/logs/*/x.csv', 's3://bucket/logs'],
    ['s3://bucket/*/part-*', 's3://bucket/out'],
    ['s3://bucket/**', 's3://bucket/out'],
    ['s3://bucket/out/a.csv', 's3://bucket/out'],
  ])('refuses input %s with output %s', (input, output) => {
    expect(() => check(input, output)).toThrow(OutputOverlapError);
  });

  it.each([
    ['s3://bucket/logs', 's3://bucket/logs-out'],
    ['s3://bucket/logs-2026', 's3://bucket/logs'],
    ['s3://other/out', 's3://bucket/out'],
    ['s3://bucket/*.csv', 's3://bucket/out'],
    ['s3://bucket/out.csv', 's3://bucket/out'],
    ['/home/me/out', 's3://bucket/out'],
  ])('takes input %s with output %s', (input, output) => {
    expect(() => check(input, output)).not.toThrow();
  });

  it.each([
    ['s3://work-bucket/work', 'work/'],
    ['s3://work-bucket/work/out', 'work/'],
    ['s3://work-bucket/jobs', ''],
    ['s3://work-bucket/jobs/x', ''],
    ['s3://work-bucket/code', ''],
    ['s3://work-bucket/a', 'a/b/'],
  ])('keeps output %s out of a work area at %j', (output, workKey) => {
    expect(() => check('s3://bucket/in', output, workKey)).toThrow(OutputOverlapError);
  });

  it('takes an output beside the work area', () => {
    expect(() => check('s3://bucket/in', 's3://work-bucket/out', 'work/')).not.toThrow();
    expect(() => check('s3://bucket/in', 's3://work-bucket/out', '')).not.toThrow();
  });
});
