import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bin, root } from '../desk.ts';
import { scratchDir } from '../scratch.ts';

const example = join(root, 'examples', 'weekly-sales');

test('the demo does its task for real: report, chart and totals agree with the orders', () => {
  const home = scratchDir();
  const shown = runDemo(home);
  expect(shown.stderr).not.toMatch(/Error|at file:/);
  expect(shown.status).toBe(0);
  const place = join(home, String(readdirSync(home).find((name) => name.startsWith('deskhand-demo-'))));
  const folder = join(place, 'Weekly Sales');
  const result = String(readdirSync(join(folder, 'results')).find((name) => name.endsWith('weekly-report')));
  const made = (name: string) => readFileSync(join(folder, 'results', result, name), 'utf8');

  const week = lastWeek(readFileSync(join(example, 'sales.csv'), 'utf8'));
  expect(made('report.md')).toContain(
    `**€ ${Math.round(week.euros).toLocaleString('en-GB')}** from ${week.orders} orders`,
  );
  expect(readFileSync(join(folder, 'weekly-totals.csv'), 'utf8')).toBe(
    `${readFileSync(join(example, 'weekly-totals.csv'), 'utf8')}${week.monday},${week.orders},${week.euros.toFixed(2)}\n`,
  );
  expect(made('chart.svg')).toMatch(/^<svg [\s\S]*<title[\s\S]*prefers-color-scheme: dark[\s\S]*<\/svg>\n$/);
  expect(made('chart.svg')).toContain(`>${(week.euros / 1000).toFixed(1)}</text>`);
  expect(made('chart.svg')).not.toMatch(/NaN|undefined|Infinity/);
  expect(made('result.md')).toMatch(/^outcome: done$/m);
  expect(readFileSync(join(folder, 'sales.csv'))).toEqual(readFileSync(join(example, 'sales.csv')));

  expect(shown.stdout).toContain('~ weekly-totals.csv');
  expect(shown.stdout).toContain('outcome: done');
  expect(shown.stdout + shown.stderr).toMatch(/Weekly Sales: good/);
  const undo = /undo (\S+)/.exec(shown.stdout.slice(shown.stdout.indexOf('Now you')))?.[1] ?? '';
  const env = { ...process.env, DESKHAND_HOME: join(place, 'deskhand-home') };
  expect(spawnSync(process.execPath, [bin, 'undo', undo], { env }).status).toBe(0);
  expect(readFileSync(join(folder, 'weekly-totals.csv'))).toEqual(
    readFileSync(join(example, 'weekly-totals.csv')),
  );
}, 60_000);

test('without a key, a model is asked for in vain, and the message says how it would be right', () => {
  const home = scratchDir();
  const { status, stderr } = runDemo(home, '--model', 'claude-sonnet-5-5');
  expect(status).toBe(2);
  expect(stderr).toContain('ANTHROPIC_API_KEY=… npm run demo -- --model claude-sonnet-5-5');
  expect(readdirSync(home)).toEqual([]);
});

test('the example’s orders are those that the generator makes', () => {
  const folder = scratchDir();
  const seed = '110';
  expect(spawnSync(process.execPath, [join(root, 'scripts', 'make-sales.mjs'), seed, folder]).status).toBe(0);
  for (const name of ['sales.csv', 'weekly-totals.csv']) {
    expect(readFileSync(join(folder, name), 'utf8')).toBe(readFileSync(join(example, name), 'utf8'));
  }
});

test('each command that README names is one, and each page that it links to is there', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const help = spawnSync(process.execPath, [bin, '--help'], { encoding: 'utf8' }).stdout;
  const known = [...help.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name);
  const named = [...readme.matchAll(/(?:^|`)deskhand ([a-z]+)/gm)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => !known.includes(name))).toEqual([]);
  const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path]) => String(path));
  expect(links.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

function runDemo(home: string, ...args: string[]) {
  const { ANTHROPIC_API_KEY: _, ANTHROPIC_AUTH_TOKEN: __, ...env } = process.env;
  return spawnSync(process.execPath, [join(root, 'scripts', 'demo.mjs'), ...args], {
    encoding: 'utf8',
    env: { ...env, HOME: home, TZ: 'UTC' },
  });
}

/** The same sum as the task's, written differently. */
function lastWeek(csv: string) {
  const priced = csv
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))
    .filter((cells) => cells[6] !== '');
  const once = [...new Map(priced.map((cells) => [cells[0], cells])).values()];
  const dated = once.map(([, date, , , , units, price]) => ({
    days: Math.floor(Date.parse(String(date)) / 86_400_000),
    euros: Number(units) * Number(price),
  }));
  // Day 4 since 1970 was a Monday.
  const mondayOf = (days: number) => days - ((days - 4) % 7);
  const monday = Math.max(...dated.map(({ days }) => mondayOf(days)));
  const rows = dated.filter(({ days }) => mondayOf(days) === monday);
  return {
    monday: new Date(monday * 86_400_000).toISOString().slice(0, 10),
    orders: rows.length,
    euros: rows.reduce((sum, row) => sum + row.euros, 0),
  };
}
