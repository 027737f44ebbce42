import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

type Package = { readonly name: string; readonly version: string; readonly license: string; readonly text: string };

/**
 * Names, versions and licences of the packages that a bundle is made of: bundling leaves their comments and files out, and their licences
 * ask that they go along. @param inputs paths below `root`, as a metafile of esbuild has them
 * @throws Error for a package without a licence
 */
export function thirdPartyLicenses(root: string, inputs: readonly string[]): string {
  const folders = new Set(inputs.map(packageFolder).filter((folder) => folder !== undefined));
  const packages = [...folders].map((folder) => readPackage(root, folder));
  packages.sort((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0));
  // Most say the same, word for word.
  const byText = Map.groupBy(packages, ({ license, text }) => `${license}\n\n${text || textOf(license, packages)}`);
  const sections = [...byText].map(([text, members]) => {
    const names = members.map(({ name, version }) => `${name} ${version}`);
    return `${[...new Set(names)].join('\n')}\n\nLicence: ${text.trim()}\n`;
  });
  return `refold's functions hold code of these packages.\n\n${sections.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

/** Of a package that comes without the text: '' when no other brings it. */
function textOf(license: string, packages: readonly Package[]): string {
  return packages.find((other) => other.license === license && other.text !== '')?.text ?? '';
}

/** `node_modules/a/node_modules/@b/c/lib/x.js` lies in the package `node_modules/a/node_modules/@b/c`. */
function packageFolder(path: string): string | undefined {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
}

function readPackage(root: string, folder: string): Package {
  const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
  };
  if (license === undefined) throw new Error(`${name} ${version} names no licence: it may not be bundled.`);
  const files = readdirSync(join(root, folder)).filter((file) => /^(?:licen[cs]e|notice|copying)(?:[.-].*)?$/i.test(file));
  const texts = files.sort().map((file) => readFileSync(join(root, folder, file), 'utf8').trim());
  return { name, version, license, text: texts.join('\n\n') };
}
