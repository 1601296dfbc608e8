import { type Document, isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import { messageOf, type Problem } from '../base/errors.ts';

/**
 * YAML from people, the way every file kind reads it: version 1.2 core (so `12:30` and `no` stay text), no key
 * twice, few aliases, warnings are mistakes, and only plain values come out: text, numbers, yes/no, null, lists, and
 * objects without a prototype. Reading never throws and never executes anything.
 */
export interface YamlReading {
  value: PlainValue;
  problems: Problem[];
  /** Line of a key in the file; nested keys with dots: `budget.usd`, `grants.0.path`. */
  keyLine: (key: string) => number | undefined;
  doc: Document.Parsed | null;
}

export type PlainValue = null | boolean | number | string | PlainValue[] | { [key: string]: PlainValue };

const depthMax = 20;
const nodesMax = 20_000;
const aliasesMax = 50;

/** `lineBefore`: how many lines of the file stand before this text. */
export function readYaml(text: string, lineBefore = 0): YamlReading {
  const lines = new LineCounter();
  const nothing = { value: null, keyLine: () => undefined, doc: null };
  try {
    const doc = parseDocument(text, {
      schema: 'core',
      version: '1.2',
      uniqueKeys: true,
      strict: true,
      prettyErrors: false,
      // With 'silent' a second document would go unnoticed.
      logLevel: 'error',
      lineCounter: lines,
    });
    const lastLine = text.trimEnd().split('\n').length;
    const lineAt = (offset: number) => Math.min(lines.linePos(offset).line, lastLine) + lineBefore;
    const mistakes = [...doc.errors, ...doc.warnings].map((error) => ({
      what: plainWords(error.code, error.message),
      line: lineAt(error.pos[0]),
      rule: 'one `key: value` a line; text with a colon or a hash in it stands in quotes',
      example: 'title: "Report: November"',
    }));
    if (mistakes.length > 0) return { ...nothing, problems: mistakes };
    const value = plainCopy(doc.toJS({ maxAliasCount: aliasesMax, mapAsMap: true }), 0, { left: nodesMax });
    return { value, problems: [], keyLine: (key) => keyLine(doc, key, lineAt), doc };
  } catch (thrown) {
    return { ...nothing, problems: [{ what: refusalWords(thrown), line: 1 + lineBefore }] };
  }
}

/** The value again, with nothing in it that could surprise: no prototypes, no shared parts, no cycles, no end of depth. */
function plainCopy(value: unknown, depth: number, nodes: { left: number }): PlainValue {
  nodes.left -= 1;
  if (depth > depthMax || nodes.left < 0) throw new RangeError('too deep');
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map((item) => plainCopy(item, depth + 1, nodes));
  if (!(value instanceof Map)) throw new TypeError(`a value of the kind ${typeof value}`);
  const copy: { [key: string]: PlainValue } = Object.create(null);
  for (const [key, item] of value) {
    if (typeof key === 'object' && key !== null) throw new TypeError('a key that is a list or an object');
    copy[String(key)] = plainCopy(item, depth + 1, nodes);
  }
  return copy;
}

function keyLine(doc: Document.Parsed, key: string, lineAt: (offset: number) => number): number | undefined {
  let node: unknown = doc.contents;
  let line: number | undefined;
  for (const part of key.split('.')) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === part);
      if (pair === undefined) return line;
      const at = isScalar(pair.key) ? pair.key.range?.[0] : undefined;
      if (at !== undefined) line = lineAt(at);
      node = pair.value;
    } else {
      const items = typeof node === 'object' && node !== null && 'items' in node ? node.items : undefined;
      const item: unknown = Array.isArray(items) ? items[Number(part)] : undefined;
      const range = typeof item === 'object' && item !== null && 'range' in item ? item.range : undefined;
      if (!Array.isArray(range)) return line;
      line = lineAt(Number(range[0]));
      node = item;
    }
  }
  return line;
}

function plainWords(code: string, message: string): string {
  const words: Record<string, string> = {
    DUPLICATE_KEY: 'A key stands here that was given before.',
    TAB_AS_INDENT: 'The line is indented with a tab; only spaces count.',
    BAD_INDENT: 'The line is indented differently from the lines it belongs to.',
    MULTIPLE_DOCS: 'A second document begins here (a line `---`); only one is allowed.',
    TAG_RESOLVE_FAILED: 'Tags (`!…`) are not read here.',
    MISSING_CHAR: 'A character is missing here, such as a colon, a quote or a bracket.',
    BLOCK_AS_IMPLICIT_KEY: 'Two `key: value` pairs stand on one line, or text with a colon lacks its quotes.',
    MULTILINE_IMPLICIT_KEY: 'This line is no `key: value`.',
    BAD_ALIAS: 'An alias (`*name`) stands here that was never defined.',
  };
  return words[code] ?? `This can't be read as YAML: ${message.split('\n')[0] ?? ''}`;
}

function refusalWords(thrown: unknown): string {
  if (thrown instanceof RangeError)
    return 'The values are nested too deeply, or there are far too many of them.';
  if (thrown instanceof ReferenceError) return `More than ${aliasesMax} aliases (\`*name\`) are not read.`;
  return `This can't be read as YAML: ${messageOf(thrown)}`;
}
