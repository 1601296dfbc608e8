import { appendFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Folder } from '../../src/disk/disk.ts';
import type { NewEvent } from '../../src/formats/event.ts';
import { fold, Ledger, publish, readLedger, verifyFolder } from '../../src/ledger/ledger.ts';
import { promise } from '../promises.ts';
import { scratchDir } from '../scratch.ts';

const november = Date.parse('2026-11-24T08:00:00Z');
const december = Date.parse('2026-12-01T08:00:00Z');

function claim(run: string, task = 'tasks/a.md'): NewEvent {
  return {
    type: 'run-claimed',
    run,
    task,
    identity: 'i',
    slot: 'once',
    result: `results/${run}`,
    title: 'A',
  };
}

function end(run: string): NewEvent {
  const usage = { input: 1, output: 2, cacheRead: 3, cacheWrite: 4 };
  return {
    type: 'run-ended',
    run,
    outcome: 'done',
    reason: '',
    turns: 1,
    usage,
    costUsd: 0.5,
    changes: 2,
    resultSha256: null,
  };
}

function open(dir: string, now = november): Ledger {
  const ledger = Ledger.open(Folder.open(dir), now);
  if ('broken' in ledger) throw new Error(JSON.stringify(ledger.broken));
  return ledger;
}

/** A ledger of several lines over two months, and its published copy. */
function published() {
  const dir = scratchDir();
  const folder = Folder.open(scratchDir());
  const ledger = open(dir);
  for (const run of ['r1', 'r2', 'r3']) {
    ledger.append(claim(run), november);
    ledger.append(end(run), november);
  }
  ledger.append(claim('r4', 'tasks/caf\udce9.md'), december);
  ledger.append(end('r4'), december);
  const files = Folder.open(dir);
  publish(files, folder, 'here', 'stamp');
  const check = () => verifyFolder({ ledger: files, folder, machine: 'here', ledgerName: 'LEDGER' });
  return { dir, ledger, folder, files, check, journal: join(folder.path, '.deskhand/journal/here') };
}

test('what was appended is read back, by month, with its chain carried on', () => {
  const { dir, ledger } = published();
  expect(readdirSync(dir)).toEqual(['2026-11.jsonl', '2026-12.jsonl']);
  const again = open(dir);
  expect(again.events).toEqual(ledger.events);
  expect(again.head).toEqual(ledger.head);
  expect(fold(again.events).runs.get('r4')?.task).toBe('tasks/caf\udce9.md');
});

test('a clock that is set back never sends a line into an earlier file', () => {
  const { dir, ledger } = published();
  ledger.append(claim('r5'), november);
  expect(readFileSync(join(dir, '2026-12.jsonl'), 'utf8')).toContain('r5');
  expect(readLedger(Folder.open(dir)).problems).toEqual([]);
});

promise('ledger.verify-names-the-line', 'any altered byte of the ledger is found, and its line named', () => {
  const { dir, check } = published();
  expect(check()).toEqual([]);
  const file = join(dir, '2026-11.jsonl');
  const good = readFileSync(file);
  for (let at = 0; at < good.length; at += 7) {
    const bad = Buffer.from(good);
    bad[at] = (bad[at] ?? 0) ^ 1;
    writeFileSync(file, bad);
    const line = good.subarray(0, at).filter((byte) => byte === 10).length + 1;
    const found = check();
    expect(
      found.map((problem) => problem.line),
      `byte ${at}`,
    ).toContain(line);
    expect(found[0]?.file).toContain('2026-11.jsonl');
  }
});

promise(
  'ledger.verify-names-the-line',
  'any altered byte of the published copy is found, and its line named',
  () => {
    const { journal, check } = published();
    const file = join(journal, '2026-11.jsonl');
    const good = readFileSync(file);
    for (let at = 3; at < good.length; at += 11) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ 4;
      writeFileSync(file, bad);
      const line = good.subarray(0, at).filter((byte) => byte === 10).length + 1;
      expect(
        check().map((problem) => `${problem.file}:${problem.line}`),
        `byte ${at}`,
      ).toContain(`.deskhand/journal/here/2026-11.jsonl:${line}`);
    }
  },
);

test('whole lines taken from the end of the ledger are missed by comparing with the published copy', () => {
  const { dir, check } = published();
  const file = join(dir, '2026-12.jsonl');
  const lines = readFileSync(file, 'utf8').split('\n');
  truncateSync(file, Buffer.byteLength(`${lines[0]}\n`));
  expect(check()).toEqual([
    {
      file: '.deskhand/journal/here/2026-12.jsonl',
      line: 2,
      reason: "the line differs from this machine's ledger",
    },
  ]);
});

test('a published copy that lacks an ended run is broken; one that lacks only a run under way is not', () => {
  const { ledger, journal, check, files, folder } = published();
  ledger.append(claim('r5'), december);
  expect(check()).toEqual([]);
  ledger.append(end('r5'), december);
  expect(check().map((problem) => problem.line)).toEqual([3]);
  expect(publish(files, folder, 'here', 'stamp')).toEqual([]);
  expect(check()).toEqual([]);
  truncateSync(join(journal, '2026-12.jsonl'), 40);
  expect(check().length).toBeGreaterThan(0);
});

promise(
  'ledger.cut-line',
  'a line that a crash cut is closed by appending, and everything verifies again',
  () => {
    const { dir, files, folder, check } = published();
    const file = join(dir, '2026-12.jsonl');
    appendFileSync(file, '{"v":1,"seq":9,"at":"2026-12-01T08:00:00.000Z","type":"run-cl');
    const before = readFileSync(file);
    expect(check().map((problem) => problem.line)).toEqual([3]);
    const ledger = open(dir, december);
    ledger.append(claim('r6'), december);
    const after = readFileSync(file);
    expect(after.subarray(0, before.length).equals(before)).toBe(true);
    expect(readLedger(files).problems).toEqual([]);
    expect(fold(open(dir).events).runs.has('r6')).toBe(true);
    publish(files, folder, 'here', 'stamp');
    expect(check()).toEqual([]);
  },
);

test('a ledger that does not verify is not written to', () => {
  const { dir } = published();
  const file = join(dir, '2026-11.jsonl');
  writeFileSync(file, readFileSync(file, 'utf8').replace('r2', 'r9'));
  const opened = Ledger.open(Folder.open(dir), december);
  expect('broken' in opened && opened.broken[0]?.line).toBe(3);
});

promise(
  'ledger.published-anew',
  'a published copy that someone edited is set aside, named, and published anew',
  () => {
    const { files, folder, journal, check } = published();
    const file = join(journal, '2026-11.jsonl');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"outcome":"done"', '"outcome":"gone"'));
    const notices = publish(files, folder, 'here', '2026-12-01 0900');
    expect(notices.join()).toContain('2026-11 (set aside 2026-12-01 0900).jsonl');
    expect(readdirSync(journal)).toContain('2026-11 (set aside 2026-12-01 0900).jsonl');
    expect(check()).toEqual([]);
  },
);

test('events of a later version take part in the chain and are kept', () => {
  const { dir, ledger } = published();
  ledger.append({ type: 'dreamt', run: null } as unknown as NewEvent, december);
  ledger.append(claim('r7'), december);
  const read = readLedger(Folder.open(dir));
  expect(read.problems).toEqual([]);
  expect(read.events.map((event) => event.type)).toContain('unknown');
});

promise(
  'ledger.cut-line',
  'cut at any byte, and the repair cut at any byte too, a ledger goes on and verifies',
  () => {
    const whole = scratchDir();
    const first = open(whole);
    first.append(claim('r1'), november);
    first.append(end('r1'), november);
    const file = join(whole, '2026-11.jsonl');
    const good = readFileSync(file);
    const lastLine = good.lastIndexOf(10, good.length - 2) + 1;
    for (let length = lastLine; length <= good.length; length += 1) {
      writeFileSync(file, good.subarray(0, length));
      // December: the repair must not go to a new month's file, where nobody would look for it.
      const repaired = open(whole, december);
      const knows = fold(repaired.events).runs.get('r1')?.outcome === 'done';
      expect(knows, `cut to ${length} of ${good.length}`).toBe(length >= good.length - 1);
      const mended = readFileSync(file);
      if (length === lastLine || length >= good.length - 1) continue;
      for (const torn of [length + 1, length + 2, length + 40, mended.length - 2, mended.length - 1]) {
        writeFileSync(file, mended.subarray(0, torn));
        open(whole, december).append(claim('r2'), december);
        const read = readLedger(Folder.open(whole));
        expect(read.problems, `cut to ${length}, its repair to ${torn}`).toEqual([]);
        expect(read.tail).toBe(null);
        expect(fold(read.events).runs.has('r2')).toBe(true);
        rmSync(join(whole, '2026-12.jsonl'), { force: true });
      }
    }
  },
);

test('a type of line that is named like a part of every object is an unknown type, and no crash', () => {
  for (const type of ['constructor', '__proto__', 'toString']) {
    const dir = scratchDir();
    open(dir).append({ type, run: null } as unknown as NewEvent, november);
    expect(readLedger(Folder.open(dir)).events[0]?.type).toBe('unknown');
  }
});
