import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Tool } from '../../src/base/tool.ts';
import { promise } from '../promises.ts';
import { scratchDir } from '../scratch.ts';
import { computingModel } from '../wire/computing-model.ts';
import { wireForTest } from '../wire/for-test.ts';
import { plainTools } from '../wire/plain-tools.ts';
import { randomSales, type Sales } from '../wire/sales.ts';
import { type Told, told, wireModel } from './rig.ts';

const task =
  'Sum revenue by region from sales.csv, write report.md with a table and the best region, and chart.svg.';

async function work(
  sales: Sales,
  alter: (tool: Tool) => Tool = (tool) => tool,
): Promise<Told & { folder: string }> {
  const folder = scratchDir();
  writeFileSync(join(folder, 'sales.csv'), sales.csv);
  const wire = await wireForTest(computingModel());
  const opening = { role: 'user' as const, content: [{ type: 'text' as const, text: task }] };
  const tools = plainTools(folder).map(alter);
  return { ...(await told({ model: wireModel(wire.url), tools, opening })), folder };
}

function units(cents: number): string {
  return `${cents < 0 ? '-' : ''}${Math.floor(Math.abs(cents) / 100)}.${String(Math.abs(cents) % 100).padStart(2, '0')}`;
}

promise('agent.real-work', 'the computing model does its task on any table', async () => {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`seed ${seed}`);
  for (let at = 0; at < 8; at++) {
    const sales = randomSales(seed + at);
    const { end, folder } = await work(sales);
    expect(end.outcome, end.reason).toBe('finished');
    expect(end.text).toContain(
      `Best region: ${sales.best} with ${units(sales.byRegion.get(sales.best) ?? 0)}.`,
    );
    expect(end.text).toContain(`${units(sales.cents)} over ${sales.rows} rows`);
    const report = readFileSync(join(folder, 'report.md'), 'utf8');
    for (const [region, cents] of sales.byRegion)
      expect(report).toContain(`| ${region.replaceAll('|', '\\|')} | ${units(cents)} |`);
    expect(readFileSync(join(folder, 'chart.svg'), 'utf8').split('<rect ')).toHaveLength(
      sales.byRegion.size + 1,
    );
  }
});

const damages: [string, string, (words: string) => string, RegExp][] = [
  [
    'a digit is lost in reading',
    'Read',
    (words) => words.replace(/(\d)(?=,[^\n]*$)/m, ''),
    /not what stands in it/,
  ],
  [
    'the end is lost in reading',
    'Read',
    (words) => words.slice(0, words.indexOf('  50\t')),
    /not what stands in it/,
  ],
  ['the shell says something else', 'Bash', (words) => words.replace(/[0-9]/g, '7'), /not what stands in it/],
  ['the search says something else', 'Grep', () => '99', /not one bar for each group/],
];

test.each(damages)('the computing model does not end well when %s', async (_, name, damage, because) => {
  const { end } = await work(randomSales(5), (tool) =>
    tool.name !== name
      ? tool
      : {
          ...tool,
          async run(input, options) {
            const result = await tool.run(input, options);
            return {
              ...result,
              content: result.content.map((part) =>
                part.type === 'text' ? { ...part, text: damage(part.text) } : part,
              ),
            };
          },
        },
  );
  expect(end).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(because) });
});

test('the computing model does not end well when a write does nothing', async () => {
  const { end } = await work(randomSales(6), (tool) =>
    tool.name === 'Write'
      ? { ...tool, run: async () => ({ content: [{ type: 'text', text: 'ok' }], isError: false }) }
      : tool,
  );
  expect(end).toMatchObject({ outcome: 'failed' });
});
