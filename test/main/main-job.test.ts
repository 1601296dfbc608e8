import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sha256 } from '../../src/base/hash.ts';
import { parseResult } from '../../src/formats/result.ts';
import { openDesk, type TestDesk, treeOf } from '../desk.ts';
import { promise } from '../promises.ts';
import { computingModel } from '../wire/computing-model.ts';
import { wireForTest } from '../wire/for-test.ts';
import { randomSales, type Sales } from '../wire/sales.ts';

const task =
  'Sum revenue by region from sales.csv, write report.md with a table and the best region, and chart.svg.';

/** The main job on a random table; its seed is printed, and SEED sets it. */
async function mainJob(): Promise<{
  desk: TestDesk;
  sales: Sales;
  requests: { body: unknown }[];
  before: Map<string, string>;
}> {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`seed ${seed}`);
  const sales = randomSales(seed);
  const wire = await wireForTest(computingModel());
  const desk = await openDesk({
    wireUrl: wire.url,
    files: {
      'sales.csv': sales.csv,
      'CLAUDE.md': 'Money is in euros.',
      'notes/old.md': 'keep me',
      'tasks/sum.md': `---\nmodel: claude-sonnet-5-5\n---\n${task}\n`,
    },
  });
  return { desk, sales, requests: wire.requests, before: treeOf(desk.folder) };
}

function units(cents: number): string {
  return `${cents < 0 ? '-' : ''}${Math.floor(Math.abs(cents) / 100)}.${String(Math.abs(cents) % 100).padStart(2, '0')}`;
}

promise(
  'main.job',
  'a prose task ends right: files in the folder, a true result, a log that verifies, and an undo to the identical tree',
  async () => {
    const { desk, sales, requests, before } = await mainJob();
    const once = await desk.run('once');
    expect(once.code, once.stderr + once.stdout).toBe(0);

    const report = desk.read('report.md');
    for (const [region, cents] of sales.byRegion)
      expect(report).toContain(`| ${region.replaceAll('|', '\\|')} | ${units(cents)} |`);
    expect(desk.read('chart.svg')).toContain('<svg');

    const parsed = parseResult(desk.result());
    if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
    expect(parsed.head).toMatchObject({
      outcome: 'done',
      task: 'tasks/sum.md',
      tier: 'bubblewrap',
      model: 'claude-sonnet-5-5',
    });
    expect(parsed.head.cost).toBeGreaterThan(0);
    expect(parsed.head.changes.map(({ path }) => path).sort()).toEqual(['chart.svg', 'report.md']);
    for (const { path, sha256: hash } of parsed.head.changes)
      expect(sha256(readFileSync(join(desk.folder, path)))).toBe(hash);
    // The result escapes what Markdown would take for something else.
    const plain = desk.result().replaceAll('\\', '').replaceAll('&amp;', '&');
    expect(plain).toContain(`Best region: ${sales.best} with`);

    expect((await desk.run('verify', desk.folder)).code).toBe(0);
    const types = desk.ledger().map(({ type }) => type);
    expect(types.slice(0, 3)).toEqual(['granted', 'run-claimed', 'run-started']);
    expect(types.slice(-3)).toEqual(['apply-started', 'applied', 'run-ended']);
    expect(types.filter((type) => type === 'turn-received')).toHaveLength(requests.length);

    const again = await desk.run('once');
    expect(again.code).toBe(0);
    expect(desk.results()).toHaveLength(1);

    const undone = await desk.run('undo', parsed.head.run);
    expect(undone.code, undone.stderr).toBe(0);
    expect(treeOf(desk.folder)).toEqual(before);
    expect((await desk.run('verify', desk.folder)).code).toBe(0);
  },
  60_000,
);

promise(
  'main.prompt',
  'instructions come in a fixed order, their hashes in the ledger, and no content or prompt in it',
  async () => {
    const { desk, requests } = await mainJob();
    await desk.run('once');
    const body = requests[0]?.body as { system: unknown; messages: { content: { text: string }[] }[] };
    const opening = (body.messages[0]?.content ?? []).map(({ text }) => text).join('\n');
    expect(opening.indexOf('Money is in euros.')).toBeGreaterThanOrEqual(0);
    expect(opening.indexOf('Money is in euros.')).toBeLessThan(opening.indexOf(task));
    expect(JSON.stringify(body.system)).not.toContain('Money is in euros.');
    const started = desk.ledger().find(({ type }) => type === 'run-started');
    expect(started?.['instructions']).toMatchObject([
      { source: 'global' },
      { path: 'CLAUDE.md', sha256: sha256('Money is in euros.') },
    ]);
    const whole = JSON.stringify(desk.ledger());
    for (const secret of ['Money is in euros', 'Sum revenue', 'revenue']) expect(whole).not.toContain(secret);
    expect(Buffer.byteLength(JSON.stringify(requests[0]?.body))).toBeLessThan(8192);
  },
  60_000,
);

test('AGENTS.md is read where there is no CLAUDE.md', async () => {
  const wire = await wireForTest(computingModel());
  const desk = await openDesk({
    wireUrl: wire.url,
    files: { 'AGENTS.md': 'From the agents file.', 'tasks/a.md': 'model: none\nHello.' },
  });
  await desk.run('once');
  expect(JSON.stringify(wire.requests[0]?.body.messages)).toContain('From the agents file.');
});

promise(
  'main.verify',
  'one altered byte in the ledger or the published journal makes verify name file and line',
  async () => {
    const { desk } = await mainJob();
    await desk.run('once');
    const { writeFileSync, readdirSync } = await import('node:fs');
    const [grant = ''] = readdirSync(join(desk.home, 'folders'));
    const [machine = ''] = readdirSync(join(desk.folder, '.deskhand/journal'));
    for (const dir of [
      join(desk.home, 'folders', grant, 'ledger'),
      join(desk.folder, '.deskhand/journal', machine),
    ]) {
      const [name = ''] = readdirSync(dir);
      const file = join(dir, name);
      const good = readFileSync(file);
      const bad = Buffer.from(good);
      const at = Math.floor(good.length / 2);
      bad[at] = (bad[at] ?? 0) ^ 1;
      writeFileSync(file, bad);
      const line = good.subarray(0, at).filter((byte) => byte === 10).length + 1;
      const verified = await desk.run('verify', desk.folder);
      expect(verified.code).toBe(1);
      expect(verified.stdout).toContain(`${file}:${line}: `);
      writeFileSync(file, good);
    }
    expect((await desk.run('verify', desk.folder)).code).toBe(0);
  },
  60_000,
);

promise(
  'main.same-path',
  'the runbook model goes through the same sandbox, ChangeSet and ledger, and sends nothing anywhere',
  async () => {
    const desk = await openDesk({
      files: {
        'in.txt': '3\n4\n',
        'kept.txt': '1\n',
        'tasks/add.md':
          '---\nmodel: runbook\n---\n```sh\necho 5 >> kept.txt; export SUM=$(paste -sd+ in.txt)\n```\nthen\n```node\nimport { writeFileSync } from "node:fs";\nwriteFileSync("sum.txt", String(eval(process.env.SUM)));\n```\n',
      },
    });
    const before = treeOf(desk.folder);
    const once = await desk.run('once');
    expect(once.code, once.stderr + once.stdout).toBe(0);
    expect(desk.read('sum.txt')).toBe('7');
    expect(desk.read('kept.txt')).toBe('1\n5\n');
    const started = desk.ledger().find(({ type }) => type === 'run-started');
    expect(started).toMatchObject({ model: 'runbook', endpoint: null, tier: 'bubblewrap' });
    expect(existsSync(join(desk.folder, 'results'))).toBe(true);
    const run = String(desk.ledger().find(({ type }) => type === 'run-claimed')?.run);
    expect((await desk.run('undo', run)).code).toBe(0);
    expect(treeOf(desk.folder)).toEqual(before);
  },
);
