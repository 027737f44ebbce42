import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { thirdPartyLicenses } from '../../scripts/third-party-licenses.ts';
import { temporaryFolder } from '../local/temporary-folder.ts';

function write(root: string, folder: string, manifest: object, license?: string): string {
  mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, folder, 'package.json'), JSON.stringify(manifest));
  if (license !== undefined) writeFileSync(join(root, folder, 'LICENSE.md'), license);
  return `${folder}/dist/index.js`;
}

describe('thirdPartyLicenses', () => {
  it('names each package once with its version, and the text of its licence', () => {
    const root = temporaryFolder();
    const outer = write(root, 'node_modules/@scope/outer', { name: '@scope/outer', version: '1.2.3', license: 'MIT' }, 'Text M');
    const inner = write(
      root,
      'node_modules/@scope/outer/node_modules/inner',
      { name: 'inner', version: '4.5.6', license: 'ISC' },
      'Text I',
    );
    const bare = write(root, 'node_modules/bare', { name: 'bare', version: '7.8.9', license: 'MIT' });
    const text = thirdPartyLicenses(root, ['lib/index.ts', outer, outer.replace('index', 'other'), inner, bare]);
    expect(text.match(/@scope\/outer 1\.2\.3/g)).toHaveLength(1);
    expect(text).toContain('@scope/outer 1.2.3\nbare 7.8.9\n\nLicence: MIT\n\nText M\n');
    expect(text).toContain('inner 4.5.6\n\nLicence: ISC\n\nText I\n');
  });

  it('refuses a package that names no licence', () => {
    const root = temporaryFolder();
    const path = write(root, 'node_modules/mine', { name: 'mine', version: '1.0.0' });
    expect(() => thirdPartyLicenses(root, [path])).toThrow('mine 1.0.0 names no licence');
  });

  it('has the text for what the AWS SDK is under', () => {
    const root = resolve(import.meta.dirname, '../..');
    const text = thirdPartyLicenses(root, ['node_modules/@aws-sdk/client-s3/dist-es/index.js']);
    expect(text).toContain('Apache License');
    expect(text).toMatch(/^@aws-sdk\/client-s3 3\./m);
  });
});
