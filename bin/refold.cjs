#!/usr/bin/env node
'use strict';
// Old syntax on purpose: this file must say its word on every Node there is.

var NODE_MAJOR_MIN = 24;

if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) {
  console.error(
    'refold needs Node ' +
      NODE_MAJOR_MIN +
      ' or newer; this is ' +
      process.version +
      '.\n' +
      'Without installing anything: npx -p node@' +
      NODE_MAJOR_MIN +
      ' -p refold refold ' +
      process.argv.slice(2).join(' '),
  );
  process.exitCode = 2;
} else {
  require('node:module').enableCompileCache();
  import('../dist/cli.js');
}
