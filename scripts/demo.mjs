/**
 * `npm run demo`: the product's real path on a folder of its own. It copies examples/weekly-sales, grants it, lets
 * `deskhand once` do the task in it, and shows what came of it. Without a key and without network; with
 * `npm run demo -- --model ID` and ANTHROPIC_API_KEY a language model does the prose version of the same task.
 */
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runMain, SetUpError } from './say.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const example = join(root, 'examples', 'weekly-sales');
const bin = join(root, 'bin', 'deskhand.js');
const colourful = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const paint = (/** @type {number} */ code) => (/** @type {string} */ text) =>
  colourful ? `\x1b[${code}m${text}\x1b[0m` : text;
const [strong, faint, green, yellow, cyan] = [1, 2, 32, 33, 36].map(paint);

runMain(main);

function main() {
  const model = readModel();
  const place = makePlace();
  const folder = join(place, 'Weekly Sales');
  const home = join(place, 'deskhand-home');
  prepare(folder, model);

  head('A folder, some instructions, a task');
  print(`An ordinary folder: ${strong(folder)}`);
  printTree(folder);
  print(
    `The task: ${model ? `in plain words, for ${model}` : 'a runbook, so no key is needed and nothing leaves this machine'}.`,
  );

  const deskhand = (/** @type {string[]} */ ...args) => runDeskhand(home, args);
  head('Grant the folder, and let deskhand look once');
  deskhand('grant', folder);
  print('');
  const code = deskhand('once');

  const results = findResults(folder);
  if (results === null) {
    print('', yellow('No result was written. What works on this machine and what does not:'), '');
    deskhand('doctor');
    print('', `The folder is still there: ${place}`);
    return code === 0 ? 1 : code;
  }
  showOutcome(folder, results);
  head('Is the log as it was written?');
  const verified = deskhand('verify', folder);
  sayGoodbye({ place, home, folder, results });
  return code !== 0 ? code : verified;
}

function readModel() {
  try {
    const { model } = parseArgs({ options: { model: { type: 'string' } } }).values;
    if (model === undefined) return null;
    if (!process.env.ANTHROPIC_API_KEY && !process.env.ANTHROPIC_AUTH_TOKEN) {
      throw new SetUpError(
        `A model needs a key. Right: ANTHROPIC_API_KEY=… npm run demo -- --model ${model}`,
        2,
      );
    }
    return model;
  } catch (thrown) {
    if (thrown.code?.startsWith('ERR_PARSE_ARGS'))
      throw new SetUpError(`${thrown.message}\nRight: npm run demo -- --model claude-sonnet-5-5`, 2);
    throw thrown;
  }
}

/** A new folder in the person's home, since that is where their folders are; elsewhere only where there is no home. */
function makePlace() {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  const place = join(hasHome() ? homedir() : tmpdir(), `deskhand-demo-${stamp}`);
  mkdirSync(place);
  return place;
}

function hasHome() {
  try {
    accessSync(homedir(), constants.W_OK);
    return homedir() !== '/';
  } catch {
    return false; // Absent or not ours to write in: the same for us.
  }
}

/** @param {string} folder @param {string | null} model */
function prepare(folder, model) {
  cpSync(example, folder, { recursive: true });
  if (model === null) return;
  const prose = readFileSync(join(folder, 'weekly-report.prose.md'), 'utf8');
  rmSync(join(folder, 'tasks', 'weekly-report.md'));
  writeFileSync(join(folder, 'tasks', 'weekly-report.md'), prose.replace('---\n', `---\nmodel: ${model}\n`));
}

/** @param {string} home @param {string[]} args */
function runDeskhand(home, args) {
  print(`${faint('$')} ${cyan(`deskhand ${args.map(quote).join(' ')}`)}`);
  const ended = spawnSync(process.execPath, [bin, ...args], {
    stdio: 'inherit',
    env: { ...process.env, DESKHAND_HOME: home },
  });
  return ended.status ?? 130;
}

/** @param {string} folder */
function findResults(folder) {
  const results = join(folder, 'results');
  const paths = allFiles(folder).filter((path) => path.startsWith('results/') && path.endsWith('/result.md'));
  const log = readNames(results).find((name) => /^log-.*\.md$/.test(name));
  return paths.length === 0
    ? null
    : { result: join(folder, paths[0] ?? ''), log: log ? join(results, log) : null };
}

/** @param {string} folder @param {{ result: string, log: string | null }} results */
function showOutcome(folder, { result, log }) {
  head('What was written');
  printTree(folder, true);
  head(relative(folder, result));
  print(indent(readFileSync(result, 'utf8')));
  if (log === null) return;
  head(relative(folder, log));
  print(indent(readFileSync(log, 'utf8')));
}

/** @param {{ place: string, home: string, folder: string, results: { result: string } }} where */
function sayGoodbye({ place, home, folder, results }) {
  const run = /^run: *['"]?([^'"\n]+)/m.exec(readFileSync(results.result, 'utf8'))?.[1] ?? 'RUN';
  const made = readNames(dirname(results.result)).filter((name) => name !== 'result.md');
  const outputs = made.length > 0 ? made : ['result.md'];
  head('Now you');
  print(
    `${strong('Look')}    ${outputs.map((name) => join(dirname(results.result), name)).join('\n        ')}`,
  );
  print(`${strong('Undo')}    DESKHAND_HOME=${quote(home)} ${quote(bin)} undo ${run}`);
  print(
    `${strong('Change')}  the task in ${quote(join(folder, 'tasks'))}, then: DESKHAND_HOME=${quote(home)} ${quote(bin)} once`,
  );
  print(`${strong('Remove')}  rm -r ${quote(place)}`, '');
}

/** The files of a folder as a tree; with `marks`, what is new or changed against the example. @param {string} folder */
function printTree(folder, marks = false) {
  const seen = new Set();
  for (const path of allFiles(folder)) {
    const parts = path.split('/');
    parts.forEach((part, depth) => {
      const upTo = parts.slice(0, depth + 1).join('/');
      if (seen.has(upTo)) return;
      seen.add(upTo);
      const isFile = depth === parts.length - 1;
      const mark = marks && isFile ? markOf(folder, path) : ' ';
      const line = `  ${mark} ${'  '.repeat(depth)}${part}${isFile ? '' : '/'}`;
      print(mark === '+' ? green(line) : mark === '~' ? yellow(line) : line);
    });
  }
  if (marks) print(`  ${green('+ new')}   ${yellow('~ changed')}`);
}

/** @param {string} folder @param {string} path */
function markOf(folder, path) {
  if (path === 'tasks/weekly-report.md') return ' ';
  const before = allFiles(example).includes(path) ? readFileSync(join(example, path)) : null;
  if (before === null) return '+';
  return before.equals(readFileSync(join(folder, path))) ? ' ' : '~';
}

/** @param {string} folder */
function allFiles(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** @param {string} folder */
function readNames(folder) {
  try {
    return readdirSync(folder).sort();
  } catch (thrown) {
    if (thrown.code === 'ENOENT') return [];
    throw thrown;
  }
}

/** @param {string} text */
function head(text) {
  const rule = '─'.repeat(Math.max(4, Math.min(process.stdout.columns ?? 80, 90) - text.length - 4));
  print('', colourful ? `${cyan('──')} ${strong(text)} ${cyan(rule)}` : `== ${text}`, '');
}

/** @param {string} text */
function indent(text) {
  return text.trimEnd().replaceAll(/^/gm, '    ');
}

/** @param {string} text */
function quote(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** @param {string[]} lines */
function print(...lines) {
  process.stdout.write(`${lines.join('\n')}\n`);
}
