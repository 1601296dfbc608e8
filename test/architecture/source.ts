import { posix } from 'node:path';
import { parseAst } from 'rolldown/parseAst';

/** A tree of files as a value: path from the project's root → text. Rules work on it, so a test can hand them a bad one. */
export type Tree = ReadonlyMap<string, string>;

/** What the rules want to know about one source file. */
export interface Source {
  path: string;
  text: string;
  lines: number;
  imports: Import[];
  /** `process.exit`, `console.log`…: members of global objects that some rule is about. */
  globals: { name: string; line: number }[];
  defaultExportLine: number | null;
  exportAllLine: number | null;
  /** Nothing in it but imports and re-exports. */
  onlyReExports: boolean;
}

export interface Import {
  /** Path from the project's root for a file of ours, the package's or module's name for anything else. */
  to: string;
  outside: boolean;
  line: number;
  /** `import type` and `import('x').Type`: gone when the program runs. */
  typeOnly: boolean;
}

/** A tree with its TypeScript files read once, for all rules. */
export interface Project {
  tree: Tree;
  sources: readonly Source[];
}

export function readProject(tree: Tree): Project {
  const ours = [...tree].filter(([path]) => /^(src|sandbox|test)\/.*\.ts$/.test(path));
  return { tree, sources: ours.map(([path, text]) => readSource(path, text)) };
}

function readSource(path: string, text: string): Source {
  const program = toNode(parseAst(text, { lang: 'ts' }));
  const lineOf = (node: Node) => text.slice(0, node.start).split('\n').length;
  const source: Source = {
    path,
    text,
    lines: text.replace(/\n$/, '').split('\n').length,
    imports: [],
    globals: [],
    defaultExportLine: null,
    exportAllLine: null,
    onlyReExports: isOnlyReExports(program),
  };
  visit(program, (node) => {
    const from = importedFrom(node);
    if (from !== null)
      source.imports.push({ ...resolve(path, from), line: lineOf(node), typeOnly: isTypeOnly(node) });
    const global = globalMember(node);
    if (global !== null) source.globals.push({ name: global, line: lineOf(node) });
    if (node.type === 'ExportDefaultDeclaration') source.defaultExportLine = lineOf(node);
    if (node.type === 'ExportAllDeclaration') source.exportAllLine = lineOf(node);
    if (node.type === 'ExportSpecifier' && nameOf(node['exported']) === 'default')
      source.defaultExportLine = lineOf(node);
  });
  return source;
}

interface Node {
  type: string;
  start: number;
  [key: string]: unknown;
}

function isNode(value: unknown): value is Node {
  return (
    typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
  );
}

function toNode(value: unknown): Node {
  if (!isNode(value)) throw new Error('The parser gave no tree.');
  return value;
}

function visit(node: Node, look: (node: Node) => void): void {
  look(node);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, look);
  }
}

/** `import … from 'x'`, `export … from 'x'`, `import('x')`, `import('x').Type`, `require('x')`. */
function importedFrom(node: Node): string | null {
  const kinds = [
    'ImportDeclaration',
    'ExportNamedDeclaration',
    'ExportAllDeclaration',
    'ImportExpression',
    'TSImportType',
  ];
  if (kinds.includes(node.type)) return literal(node['source'] ?? node['argument']);
  if (node.type === 'CallExpression' && nameOf(node['callee']) === 'require')
    return literal((node['arguments'] as unknown[])[0]);
  return null;
}

function isTypeOnly(node: Node): boolean {
  return node['importKind'] === 'type' || node['exportKind'] === 'type' || node.type === 'TSImportType';
}

/** `process.exit` and `process['exit']` → 'process.exit'. Only process and console are of interest. */
function globalMember(node: Node): string | null {
  if (node.type !== 'MemberExpression') return null;
  const object = nameOf(node['object']);
  const property = nameOf(node['property']) ?? literal(node['property']);
  return (object === 'process' || object === 'console') && property !== null ? `${object}.${property}` : null;
}

function nameOf(value: unknown): string | null {
  return isNode(value) && value.type === 'Identifier' ? String(value['name']) : null;
}

function literal(value: unknown): string | null {
  if (!isNode(value)) return null;
  if (value.type === 'Literal' && typeof value['value'] === 'string') return value['value'];
  return value.type === 'TSLiteralType' ? literal(value['literal']) : null;
}

function isOnlyReExports(program: Node): boolean {
  const body = (program['body'] as unknown[]).map(toNode);
  const passesOn = (node: Node) =>
    node.type === 'ExportAllDeclaration' ||
    (node.type === 'ExportNamedDeclaration' && isNode(node['source']));
  return body.some(passesOn) && body.every((node) => node.type === 'ImportDeclaration' || passesOn(node));
}

function resolve(path: string, from: string): Pick<Import, 'to' | 'outside'> {
  if (from.startsWith('.')) return { to: posix.join(posix.dirname(path), from), outside: false };
  return { to: packageName(from), outside: true };
}

/** `@a/b/c` → `@a/b`, `yaml/util` → `yaml`; Node's modules keep their subpath and get their prefix: `fs` → `node:fs`. */
function packageName(from: string): string {
  if (from.startsWith('node:')) return from;
  if (nodeModulesWithoutPrefix.has(from)) return `node:${from}`;
  const parts = from.split('/');
  return from.startsWith('@') ? parts.slice(0, 2).join('/') : String(parts[0]);
}

const nodeModulesWithoutPrefix = new Set([
  'fs',
  'fs/promises',
  'child_process',
  'process',
  'path',
  'os',
  'net',
  'http',
  'crypto',
]);
