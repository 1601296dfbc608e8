import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { openModel } from '../../src/model/model.ts';
import { told } from '../agent/rig.ts';
import { promise } from '../promises.ts';
import { scratchDir } from '../scratch.ts';
import { plainTools } from '../wire/plain-tools.ts';

function open(runbookText: string) {
  return openModel({ id: 'runbook', settings: {}, key: null, clock: systemClock, runbookText });
}

async function run(runbookText: string, folder = scratchDir()) {
  const model = open(runbookText);
  if ('problem' in model) throw new Error(model.problem.what);
  return {
    folder,
    ...(await told({
      model,
      tools: plainTools(folder),
      budget: { usd: 1, turns: 20, minutes: 5, tokens: 10 },
    })),
  };
}

const hard = `it's "$HOME" \`date\` \\ $(id) %s \\n \u00fc 東京 EOF`;

promise(
  'runbook.blocks',
  'sh, python and node blocks run in order, one a turn, exactly as they are written',
  async () => {
    const { folder, end, received } = await run(
      [
        'First count.\n\n```sh\nwc -l < in.csv | tee a.txt\n```\n\nThen write.\n',
        `~~~python\nimport sys\ntext = r'''${hard}'''\nopen('b.txt', 'w').write(text)\nprint('py', len(sys.argv))\n~~~\n`,
        `\`\`\`js\nimport { writeFileSync } from 'node:fs';\nwriteFileSync('c.txt', String.raw\`${hard.replaceAll('`', '')}\`);\nconsole.log(await 7);\n\`\`\`\n`,
        '```json\n{"not": "run"}\n```\n```\nnot run\n```\n',
        "```node\nconst { readFileSync } = require('node:fs');\nconsole.log(readFileSync('a.txt', 'utf8').trim());\n```\n",
      ].join('\n'),
      (() => {
        const dir = scratchDir();
        writeFileSync(join(dir, 'in.csv'), 'a\nb\nc\n');
        return dir;
      })(),
    );
    expect(end).toMatchObject({ outcome: 'finished', turns: 5, costUsd: 0 });
    expect(received.map((turn) => turn.calls.map((call) => call.name))).toEqual([
      ['Bash'],
      ['Bash'],
      ['Bash'],
      ['Bash'],
      [],
    ]);
    expect(readFileSync(join(folder, 'b.txt'), 'utf8')).toBe(hard);
    expect(readFileSync(join(folder, 'c.txt'), 'utf8')).toBe(hard.replaceAll('`', ''));
    expect(end.text).toBe(
      [
        'All 4 blocks ran.',
        'Block 1 of 4 (sh, line 3):\n\n    3',
        'Block 2 of 4 (python, line 9):\n\n    py 1',
        'Block 3 of 4 (js, line 16):\n\n    7',
        'Block 4 of 4 (node, line 29):\n\n    3',
      ].join('\n\n'),
    );
  },
);

const failing: [string, string, string, RegExp][] = [
  ['sh', '```sh\nfalse\n```', 'sh', /^Block 2 of 3 \(sh, line 4\) failed: no output\.$/m],
  [
    'a command in the middle of sh',
    '```sh\ncat no-such-file\necho not to be seen\n```',
    'sh',
    /No such file/,
  ],
  ['python', "```py\nraise ValueError('bad row 7')\n```", 'py', /ValueError: bad row 7/],
  ['node', "```node\nthrow new Error('bad row 7')\n```", 'node', /Error: bad row 7/],
  ['code that is none', '```python\ndef (:\n```', 'python', /SyntaxError/],
];
describe.each(failing)('%s', (_, block, language, words) => {
  promise(
    'runbook.stops',
    'a block that fails ends the runbook, and the run is failed with its words',
    async () => {
      const { folder, end } = await run(
        `\`\`\`sh\necho one\n\`\`\`\n${block}\n\`\`\`sh\ntouch too-late\n\`\`\`\n`,
      );
      expect(end).toMatchObject({ outcome: 'failed', turns: 2, error: { kind: 'runbook' } });
      expect(end.reason).toMatch(/^Block 2 of 3 \(.*, line 4\) failed: .+$/);
      expect(end.reason).toContain(`(${language}, line 4)`);
      expect(end.text).toMatch(words);
      expect(end.text).toContain(
        'Block 2 failed; the one after it did not run.\n\nBlock 1 of 3 (sh, line 1):\n\n    one\n\n',
      );
      expect(end.text).not.toContain('not to be seen');
      expect(existsSync(join(folder, 'too-late'))).toBe(false);
    },
  );
});

test('what a block prints can not look like the report, nor hide what stands after it', async () => {
  const { end } = await run('```sh\necho; echo "Block 2 of 2: no output."; seq 60\n```\n```sh\ntrue\n```\n');
  expect(end.text).toContain('\n    … (22 lines before)\n    21\n');
  expect(end.text).toContain('\n\nBlock 2 of 2 (sh, line 4): no output.');
  expect(end.text.split('\n').filter((line) => line.startsWith('Block'))).toHaveLength(2);
});

const unusable: [string, string, string][] = [
  ['words only', 'Please sum the sales.', 'needs at least one fenced block'],
  ['nothing', '', 'needs at least one fenced block'],
  ['blocks in other languages', '```json\n{}\n```\n', 'needs at least one fenced block'],
  ['an empty block', '```sh\n\n```\n', 'needs at least one fenced block'],
  ['a block that is never closed', 'x\n```sh\nrm old\n', 'never closed'],
];
test.each(unusable)('a task with %s is a problem with an example', (_, text, words) => {
  const opened = open(text);
  if (!('problem' in opened)) throw new Error('It was opened.');
  expect(opened.problem.what).toContain(words);
  expect(opened.problem.example).toContain('```sh');
});

test('it needs no key and no address, and costs nothing', () => {
  expect(open('```sh\nls\n```')).toMatchObject({
    id: 'runbook',
    endpoint: null,
    price: { bands: [{ input: 0, output: 0 }] },
  });
});

test('without a shell the run fails and says what is missing', async () => {
  const model = open('```sh\nls\n```');
  if ('problem' in model) throw new Error(model.problem.what);
  const { end } = await told({
    model,
    tools: plainTools(scratchDir()).filter((tool) => tool.name !== 'Bash'),
  });
  expect(end).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('needs the tool Bash') });
});

test('lines are those of the file, where the text begins further down in it', async () => {
  const o = { id: 'runbook', settings: {}, key: null, clock: systemClock, runbookLine: 4 };
  expect(openModel({ ...o, runbookText: 'x\n```sh\n' })).toMatchObject({ problem: { line: 5 } });
  expect(openModel({ ...o, runbookText: 'x\n' })).toMatchObject({ problem: { line: 4 } });
  const model = openModel({ ...o, runbookText: 'x\n```sh\nfalse\n```\n' });
  if ('problem' in model) throw new Error(model.problem.what);
  const { end } = await told({ model, tools: plainTools(scratchDir()) });
  expect(end.reason).toContain('Block 1 of 1 (sh, line 5)');
});
