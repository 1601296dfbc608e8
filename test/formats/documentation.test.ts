import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { outcomes } from '../../src/base/outcome.ts';
import { controlTable } from '../../src/formats/control-files.ts';
import { eventFromRecord } from '../../src/formats/event.ts';
import { parseGrants } from '../../src/formats/grants.ts';
import { parseGuestLine } from '../../src/formats/guest-line.ts';
import { brokenLink, emptyHead, parseLedgerLine } from '../../src/formats/ledger-line.ts';
import { parseResult } from '../../src/formats/result.ts';
import { printRunLog } from '../../src/formats/run-log.ts';
import { folderKeys, parseSettings, settingsFields } from '../../src/formats/settings.ts';
import { parseTask } from '../../src/formats/task.ts';
import { taskFields } from '../../src/formats/task-fields.ts';
import { taskFileKind } from '../../src/formats/task-names.ts';
import { promise } from '../promises.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/formats.md'), 'utf8');

/** A fenced block says after its language what it is an example of: ```` ```yaml grants ````. */
const examples = [...page.matchAll(/^(`{3,})(\w+)(?: ([\w-]+))?\n([\s\S]*?)^\1$/gm)].map(
  ([, , , kind = 'none', text = '']) => ({ kind, text }),
);
const of = (kind: string) => examples.filter((example) => example.kind === kind).map(({ text }) => text);
const lines = (text: string) => text.split('\n').filter((line) => line !== '');

/** The cells of the first table, from a heading on, whose head begins with this cell. However wide its columns are. */
function table(firstHead: string, heading = '# File formats'): string[][] {
  const all = page.slice(page.indexOf(heading)).split('\n');
  const head = all.findIndex((line) => cells(line)[0] === firstHead);
  const rows = all.slice(head + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith('|')),
    )
    .map((row) => cells(row).map((cell) => cell.replaceAll('`', '')));
}

function cells(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

const readers: Record<string, (text: string) => void> = {
  task: (text) =>
    expect(parseTask('tasks/a.md', Buffer.from(text))).toMatchObject({
      task: { unknownKeys: [] },
      warnings: [],
    }),
  'task-with-warning': (text) =>
    expect(parseTask('tasks/a.md', Buffer.from(text))).toMatchObject({
      warnings: [{ what: expect.stringContaining('Did you mean') }],
    }),
  'wrong-task': (text) =>
    expect(parseTask('tasks/a.md', Buffer.from(text))).toMatchObject({
      problems: [
        {
          file: 'tasks/a.md',
          line: expect.any(Number),
          rule: expect.any(String),
          example: expect.any(String),
        },
      ],
    }),
  'settings-home': (text) =>
    expect(parseSettings('s', text, 'home')).toMatchObject({ problems: [], warnings: [] }),
  'settings-folder': (text) =>
    expect(parseSettings('s', text, 'folder')).toMatchObject({ problems: [], warnings: [] }),
  'wrong-settings': (text) => expect(parseSettings('s', text, 'home').problems).toHaveLength(1),
  grants: (text) =>
    expect(parseGrants(text)).toMatchObject({
      grants: [{ mode: 'read-write' }, { path: '/home/me/\udcff' }],
      problems: [],
    }),
  result: (text) =>
    expect(parseResult(text)).toMatchObject({
      head: {
        outcome: 'done',
        changes: [{ act: 'create' }, { act: 'modify', conflict: expect.any(String) }],
      },
    }),
  log: (text) => expect(text.split('\n').slice(0, 6)).toEqual(printRunLog([]).split('\n').slice(0, 6)),
  ledger: (text) => {
    let head = emptyHead;
    for (const line of lines(text)) {
      const parsed = parseLedgerLine(Buffer.from(line));
      if (!('event' in parsed)) throw new Error(parsed.broken);
      expect(brokenLink(parsed.event, head)).toBeNull();
      expect(parsed.event.type).not.toBe('unknown');
      head = parsed.event;
    }
  },
  'guest-line': (text) => {
    for (const line of lines(text)) expect(parseGuestLine(line)).not.toBeNull();
  },
  'host-line': (text) => {
    for (const line of lines(text))
      expect(JSON.parse(line)).toMatchObject({
        type: expect.stringMatching(/^(call|cancel)$/),
        id: expect.any(String),
      });
  },
};

describe('docs/formats.md', () => {
  promise('formats.documented', 'every example is read as the page says', () => {
    expect(examples.map(({ kind }) => kind).filter((kind) => readers[kind] === undefined)).toEqual([]);
    for (const kind of Object.keys(readers)) expect(of(kind), kind).not.toEqual([]);
    for (const { kind, text } of examples) readers[kind]?.(text);
  });

  test('each key of a task, its example and whether it can be done yet', () => {
    const rows = table('Key', '## Tasks');
    expect(rows.map(([key]) => key)).toEqual(Object.keys(taskFields));
    for (const [key = '', , example, isBuilt] of rows) {
      const parsed = parseTask('tasks/a.md', Buffer.from(`---\n${example}\n---\nDo it.`));
      expect(parsed, key).toMatchObject({ warnings: [], task: { notBuilt: isBuilt === 'yes' ? [] : [key] } });
    }
  });

  test('each key of the settings, and where it counts', () => {
    const rows = table('Key', '## Settings');
    expect(rows.map(([key]) => key)).toEqual(Object.keys(settingsFields));
    for (const [key = '', , where] of rows) expect(where === 'home, folder', key).toBe(folderKeys.has(key));
  });

  test('each outcome', () => {
    const row = page.split('\n').find((line) => cells(line)[0] === '`outcome`') ?? '';
    expect([...row.matchAll(/`([a-z-]+)`/g)].map(([, word]) => word).slice(1)).toEqual([...outcomes]);
  });

  test('each control file', () => {
    expect(table('Pattern')).toEqual(
      controlTable.map(([what, where, pattern]) => [
        pattern,
        where === 'root' ? 'the granted folder' : 'any depth',
        what,
      ]),
    );
  });

  test('each type of event is one that the program knows', () => {
    const place = { v: 1, seq: 1, at: 'x', run: null, prev: '0'.repeat(64), hash: '0'.repeat(64) };
    const types = table('Type').map(([type]) => type);
    expect(types.length).toBeGreaterThan(5);
    // Of a known type without its fields nothing is made; an unknown type would be kept as it stands.
    for (const type of types) expect(eventFromRecord({ ...place, type }), type).toBeNull();
  });

  test('names of editors and sync clients', () => {
    const section = page.slice(page.indexOf('### Names that'), page.indexOf('## Instructions'));
    const kinds = [...section.matchAll(/`([^`]+)`/g)].map(([, name = '']) => taskFileKind(`tasks/${name}`));
    expect(kinds).toEqual([
      'ignore',
      'ignore',
      'ignore',
      'ignore',
      'wait',
      'wait',
      'wait',
      'wait',
      'conflict',
      'conflict',
      'task',
      'task',
      'task',
      'task',
      'none',
    ]);
  });

  test('links lead somewhere', () => {
    const anchors = new Set(
      [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
        title
          .toLowerCase()
          .replaceAll(/[^a-z0-9 -]/g, '')
          .replaceAll(' ', '-'),
      ),
    );
    const targets = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, target = '']) => target);
    expect(targets.filter((target) => !anchors.has(target))).toEqual([]);
  });
});
