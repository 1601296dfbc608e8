import { sha256 } from '../../src/base/hash.ts';
import { type Block, call } from './reply.ts';
import { money, parseTable, type Sums, sumBy } from './table.ts';

/** What the analyst does next: some words, and the calls that it makes at once. */
export interface Step {
  words: string;
  calls: Block[];
}

export interface ToolAnswer {
  isError: boolean;
  text: string;
}

export interface Verdict {
  ok: boolean;
  words: string;
}

type Work<T> = Generator<Step, T, ToolAnswer[]>;

interface Order {
  value: string;
  group: string;
  table: string;
  report: string;
  chart: string;
}

/** Does a task like "Sum revenue by region from sales.csv, write report.md with a table, and chart.svg". */
export function* analyse(task: string): Work<Verdict> {
  const order = parseTask(task);
  if (order === null)
    return failed('This is no task that I know: sum X by Y from T.csv, write R.md, and C.svg.');
  const table = yield* readTable(order.table);
  if (table === null) return failed(`${order.table} can't be read.`);
  const records = parseTable(table);
  const sums = sumBy(records, order.group, order.value);
  if (sums === null)
    return failed(`${order.table} has no columns ${order.group} and ${order.value} of numbers.`);
  if (!(yield* isWhatItIs(order.table, table)))
    return failed(`What I read of ${order.table} is not what stands in it.`);
  const mistake = (yield* writeReport(order, sums)) ?? (yield* checkChart(order, sums));
  if (mistake !== null) return failed(mistake);
  return { ok: true, words: finalWords(order, sums) };
}

export function finalWords({ value, group }: Pick<Order, 'value' | 'group'>, sums: Sums): string {
  const best = sums.groups[0];
  return `Best ${group}: ${best?.name} with ${money(best?.cents ?? 0)}. Total ${value}: ${money(sums.cents)} over ${sums.rows} rows in ${sums.groups.length} groups.`;
}

export function reportText(
  { value, group }: Pick<Order, 'value' | 'group'>,
  sums: Sums,
  best: string,
): string {
  const rows = sums.groups.map(({ name, cents }) => `| ${name.replaceAll('|', '\\|')} | ${money(cents)} |`);
  return [
    `# ${value} by ${group}`,
    '',
    `| ${group} | ${value} |`,
    '| --- | ---: |',
    ...rows,
    '',
    `Best ${group}: ${best}`,
    `Total: ${money(sums.cents)} over ${sums.rows} rows`,
    '',
  ].join('\n');
}

function parseTask(task: string): Order | null {
  const sum = /\bsum (\w+) by (\w+) from ([\w./-]+\.csv)\b/i.exec(task);
  const report = /\bwrite ([\w./-]+\.md)\b/i.exec(task);
  const chart = /\band ([\w./-]+\.svg)\b/i.exec(task);
  const [, value, group, table] = sum ?? [];
  if (!value || !group || !table || !report?.[1] || !chart?.[1]) return null;
  return { value, group, table, report: report[1], chart: chart[1] };
}

/** Looks whether the table is there in two ways at once, then reads it page by page, or all of it where that fails. */
function* readTable(path: string): Work<string | null> {
  const [found, listed] = yield {
    words: `I look for ${path}.`,
    calls: [call('Glob', { pattern: path }, 'c-glob'), call('Bash', { command: `ls -l ${path}` }, 'c-ls')],
  };
  const isThere = [found, listed].some((answer) => answer && !answer.isError && answer.text.includes(path));
  if (!isThere) return null;
  const lines: string[] = [];
  for (;;) {
    const input = { file_path: path, offset: lines.length + 1, limit: 400 };
    const [page] = yield { words: 'I read on.', calls: [call('Read', input, `c-read-${lines.length}`)] };
    const more = page && !page.isError ? numberedLines(page.text, lines.length) : [];
    if (more.length === 0) break;
    lines.push(...more);
  }
  if (lines.length > 0) return lines.join('\n');
  const [whole] = yield {
    words: 'Then otherwise.',
    calls: [call('Bash', { command: `cat ${path}` }, 'c-cat')],
  };
  return whole === undefined || whole.isError ? null : whole.text.trimEnd();
}

/** The lines of a page that are numbered on from `after`, without their numbers. */
function numberedLines(page: string, after: number): string[] {
  const lines: string[] = [];
  for (const line of page.split('\n')) {
    const match = /^\s*(\d+)(?:\t|→)(.*)$/.exec(line);
    if (match?.[2] !== undefined && Number(match[1]) === after + lines.length + 1) lines.push(match[2]);
  }
  return lines;
}

/** Compares what was read with the file's hash, so that a page or a digit that went missing is noticed. */
function* isWhatItIs(path: string, text: string): Work<boolean> {
  const [summed] = yield {
    words: 'I compare.',
    calls: [call('Bash', { command: `sha256sum < ${path}` }, 'c-sum')],
  };
  if (summed === undefined || summed.isError) return false;
  return [text, `${text}\n`].some((whole) => summed.text.startsWith(sha256(whole)));
}

/** Writes report and chart at once, fills the best group in afterwards, and reads the report again. */
function* writeReport(order: Order, sums: Sums): Work<string | null> {
  const open = '(not yet known)';
  const best = `${sums.groups[0]?.name} (${money(sums.groups[0]?.cents ?? 0)})`;
  const written = yield {
    words: 'I write both.',
    calls: [
      call('Write', { file_path: order.report, content: reportText(order, sums, open) }, 'c-report'),
      call('Write', { file_path: order.chart, content: chartText(sums) }, 'c-chart'),
    ],
  };
  if (written.some((answer) => answer.isError))
    return `Writing failed: ${written.map((one) => one.text).join(' ')}`;
  const input = { file_path: order.report, old_string: open, new_string: best };
  const [edited] = yield { words: 'I fill in the best.', calls: [call('Edit', input, 'c-edit')] };
  const whole = reportText(order, sums, best);
  if (edited?.isError)
    yield {
      words: 'Then as a whole.',
      calls: [call('Write', { file_path: order.report, content: whole }, 'c-again')],
    };
  const [report] = yield {
    words: 'I check it.',
    calls: [call('Read', { file_path: order.report }, 'c-check')],
  };
  const isRight =
    report && !report.isError && numberedLines(report.text, 0).join('\n').trimEnd() === whole.trimEnd();
  return isRight ? null : `${order.report} does not hold what I wrote.`;
}

function* checkChart(order: Order, sums: Sums): Work<string | null> {
  const input = { pattern: '<rect ', path: order.chart, output_mode: 'count' };
  const [bars] = yield { words: 'I count the bars.', calls: [call('Grep', input, 'c-bars')] };
  if (bars && !bars.isError && countIn(bars.text) === sums.groups.length) return null;
  return `${order.chart} has not one bar for each group: ${bars?.text}`;
}

function chartText(sums: Sums): string {
  const top = Math.max(1, ...sums.groups.map((group) => group.cents));
  const bars = sums.groups.map(({ name, cents }, at) => {
    const height = Math.max(0, Math.round((cents / top) * 180));
    const label = name.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
    return `  <rect x="${at * 60 + 10}" y="${200 - height}" width="40" height="${height}"><title>${label}</title></rect>`;
  });
  const width = sums.groups.length * 60 + 10;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} 210">\n${bars.join('\n')}\n</svg>\n`;
}

/** `chart.svg:4`, or the number alone, on a line of its own. */
function countIn(words: string): number {
  return Number(/(?:^|:)(\d+)$/m.exec(words)?.[1] ?? -1);
}

function failed(words: string): Verdict {
  return { ok: false, words };
}
