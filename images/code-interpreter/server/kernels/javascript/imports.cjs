'use strict';
// A cell is a script: what imports in it is written as what a script can do.

const { createRequire, isBuiltin } = require('node:module');
const { join, resolve } = require('node:path');
const { pathToFileURL } = require('node:url');

/** What a cell's `import(…)` becomes. */
const importName = '__import';

const statement =
  /^[ \t]*import[ \t]+(?:([\w$]+)[ \t]*,?[ \t]*)?(?:\*[ \t]+as[ \t]+([\w$]+)[ \t]+|(\{[^{}'"`]*\})[ \t]*)?(?:from[ \t]*)?(["'])([^"'\n]+)\4[ \t]*;?[ \t]*$/gm;
/** Texts and comments, which stay as they are, or an import that is called. */
const call =
  /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\/.*|\/\*[\s\S]*?\*\/|(?<![\w$.])import\s*\(/g;

/** @param {string} code */
function rewriteImports(code) {
  return code
    .replace(statement, (_, byDefault, all, named, _quote, from) => {
      const loaded = `await ${importName}(${JSON.stringify(from)})`;
      const taken = [];
      if (byDefault !== undefined) taken.push(`default: ${byDefault}`);
      if (named !== undefined) taken.push(named.slice(1, -1).replace(/([\w$]+)\s+as\s+/g, '$1: '));
      if (all !== undefined)
        return `const ${all} = ${loaded}${byDefault ? `, ${byDefault} = ${all}.default` : ''};`;
      return taken.length === 0 ? `${loaded};` : `const { ${taken.join(', ')} } = ${loaded};`;
    })
    .replace(call, (found) => (found.startsWith('import') ? `${importName}(` : found));
}

/**
 * Imports as a module of the folder that the cell is in would.
 *
 * @param {unknown} specifier
 */
async function importFromHere(specifier) {
  const name = String(specifier);
  if (isBuiltin(name) || /^(?:node|data|file):/.test(name)) return await import(name);
  if (/^\.{0,2}\//.test(name)) return await import(pathToFileURL(resolve(name)).href);
  return await import(pathToFileURL(createRequire(join(process.cwd(), 'cell.js')).resolve(name)).href);
}

module.exports = { importFromHere, importName, rewriteImports };
