import { expect, test } from 'vitest';
import { promise } from '../promises.ts';
import { newPlace, open } from './place.ts';

/** One session for a table: each row runs after the one before, in the same shell. */
async function table(rows: [command: string, expected: string | RegExp, isError?: boolean][]): Promise<void> {
  const { bash } = await open(newPlace());
  for (const [command, expected, isError = false] of rows) {
    const answer = await bash(command);
    expect({ command, ...answer }).toMatchObject({ command, isError });
    if (typeof expected === 'string')
      expect({ command, text: answer.text }).toEqual({ command, text: expected });
    else expect(answer.text, command).toMatch(expected);
  }
}

promise('bash.state-lasts', 'directory, variables and functions last, options and redirections do not', () =>
  table([
    ['pwd', /\/folder$/],
    ['mkdir -p "a b" && cd "a b" && plain=1 && export OUT=$\'two\\nlines "$x" \\\'\'', '(no output)'],
    ['pwd; echo "$plain|$OUT"', /a b\n1\|two\nlines "\$x" '$/],
    ['greet() { echo "hello $1"; }; export -f greet; list=(1 "2 3"); declare -A map=([k]=v)', '(no output)'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: these are the shell's
    ['greet you; bash -c "greet child"; echo "${list[1]} ${map[k]}"', 'hello you\nhello child\n2 3 v'],
    ['unset plain OUT; unset -f greet', '(no output)'],
    ['echo "[$plain$OUT]"; type greet', /^Exit code 1\n\[\]\n.*greet: not found$/s, true],
    ['set -euo pipefail; shopt -s failglob; IFS=,; exec 2>/dev/null', '(no output)'],
    ['false; echo "still here $undefined" a,b; ls /nope', /^Exit code 2\nstill here {2}a,b\nls: /, true],
    ['cd /tmp; readonly FIXED=1; cd - >/dev/null; pwd', /a b$/],
    ['echo $FIXED; cd ..; rmdir "a b"; mkdir gone; cd gone; rmdir ../gone', '1'],
    ['cd ..; pwd; umask 077', /folder$/],
    ['first=$RANDOM; echo done', 'done'],
    ['[[ $first != "$RANDOM" ]] && echo random', 'random'],
  ]),
);

promise('bash.state-lasts', 'exit, exec, a failed parse and a killed shell leave the state as it was', () =>
  table([
    ['cd /tmp; kept=yes', '(no output)'],
    ['changed=1; exit 3', 'Exit code 3', true],
    ['echo "$kept $changed"; pwd', 'yes 1\n/tmp'],
    ['changed=2; exec true', '(no output)'],
    ['echo "$kept $changed"', 'yes 1'],
    ['echo "unbalanced', /^Exit code 2\n.*line 1: unexpected EOF/s, true],
    ['if true; then', /syntax error/, true],
    ['kept=no; kill -9 $$', /ended the shell itself/, true],
    ['echo "$kept"; pwd', 'yes\n/tmp'],
    ['kill -9 $BASHPID', /Exit code 137 \(SIGKILL\)/, true],
    ['kill -STOP $BASHPID', /stopped itself/, true],
    ['grep -lE "^State:.T" /proc/[0-9]*/status; echo none', 'none'],
    ['set -e; trap "echo cleaned" EXIT; kept=trapped; false; echo no', 'Exit code 1\ncleaned', true],
    ['echo "$kept"; builtin() { echo mine; }; printf() { echo mine; }', 'yes'],
    ['unset -f builtin printf; echo fine', 'fine'],
  ]),
);

promise('bash.timeout', 'time-out and cancelling end the whole group, and the shell goes on', async () => {
  const { bash, call } = await open(newPlace());
  await bash('cd /tmp; export KEPT=1');
  const began = performance.now();
  const late = await bash('echo begun; (sleep 70.1 | cat) & sleep 70.2; rm -rf never', { timeout: 300 });
  expect(late.isError).toBe(true);
  expect(late.text).toMatch(/^Timed out after 0.3 s.*\nbegun$/s);
  const beganDeaf = performance.now();
  const deaf = await bash('trap "" TERM; while :; do :; done', { timeout: 300 });
  expect(deaf.text).toMatch(/^Timed out/);
  expect(performance.now() - beganDeaf).toBeLessThan(1_900);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 300);
  const cancelled = await call('Bash', { command: 'sleep 70.3' }, controller.signal);
  expect(cancelled.text).toMatch(/^Cancelled/);
  expect(performance.now() - began).toBeLessThan(8_000);
  const after = await bash('echo "$KEPT"; pwd; grep -zl "^70" /proc/[0-9]*/cmdline 2>/dev/null; echo end');
  expect(after.text).toBe('1\n/tmp\nend');
});

promise(
  'bash.background',
  'what is left in the background holds nothing up, goes on, and can be read and ended',
  async () => {
    const { bash } = await open(newPlace());
    const began = performance.now();
    const left = await bash('(while :; do echo tick; sleep 0.05; done) & echo $! > /tmp/pid; echo started');
    const nohup = await bash('nohup sleep 60 >/dev/null 2>&1 & echo fine');
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(nohup.text).toBe('fine');
    expect(left.text).toMatch(
      /^(tick\n)*started\n(tick\n)*\[still running.*\/tmp\/deskhand\/output-1\.txt\]$/,
    );
    expect((await bash('sleep 0.5; wc -l < /tmp/deskhand/output-1.txt')).text).toMatch(/^([4-9]|\d\d+)$/);
    const own = await bash('echo from; sleep 0.2; echo back; exit 4', { run_in_background: true });
    const group = /process group (\d+)/.exec(own.text)?.[1];
    expect(own.isError).toBe(false);
    const later = await bash(
      `sleep 0.6; cat /tmp/deskhand/output-4.txt; kill $(cat /tmp/pid); ps -o pid= -g ${group}`,
    );
    expect(later.text).toBe('Exit code 1\nfrom\nback\n\n[ended with exit code 4]');
  },
);

promise(
  'bash.output-bounded',
  'long output is head, tail and a file; an endless printer is ended',
  async () => {
    const { bash, call } = await open(newPlace());
    const long = await bash('seq 1 100000');
    expect(long.text.length).toBeLessThanOrEqual(30_000);
    expect(long.text).toMatch(/^1\n2\n/);
    expect(long.text).toMatch(/\n100000$/);
    const file = /whole output is in (\S+)/.exec(long.text)?.[1] ?? '';
    expect((await call('Read', { file_path: file, offset: 54_321, limit: 1 })).text).toMatch(
      /^ 54321\t54321/,
    );
    expect((await bash(`wc -c < ${file}`)).text).toBe('588895');
    const endless = await bash('yes');
    expect(endless.isError).toBe(true);
    expect(endless.text).toMatch(/^Ended, since it printed more than 64 MiB/);
    expect((await bash('ls -la /tmp/deskhand/output-3.txt | cut -d" " -f5')).text).toMatch(/^6[67]\d{6}$/);
  },
);

test('traps of a shell over pipes', () =>
  table([
    ['echo out; echo err >&2; echo out2', 'out\nerr\nout2'],
    ['echo a; echo b > /dev/stderr; echo c | tee /dev/stderr', 'a\nb\nc\nc'],
    ['cat; read -r x; echo "[$x]"', '[]'],
    ['python3 -c "print(input())"', /EOFError/, true],
    ['cat <<"END"\n$HOME `x`\nEND', '$HOME `x`'],
    ["printf 'a\\0b\\377c\\033[31mred\\033[0m'", 'a\uFFFDb\uFFFDcred'],
    ['head -c 200 /dev/urandom | wc -c', '200'],
    [`: '${'x'.repeat(400_000)}'; echo huge`, 'huge'],
    ['true', '(no output)'],
    ['false', 'Exit code 1', true],
    ['nonesuch', /^Exit code 127\n.*line 1: nonesuch: command not found$/s, true],
    ['echo one\nnonesuch\necho two', /^one\n.*line 2: nonesuch.*\ntwo$/s],
    ['return 5', 'Exit code 5', true],
    ['tty; test -t 1 || echo no terminal', 'not a tty\nno terminal'],
    ['(setsid sh -c "sleep 0.2; touch /tmp/escaped" >/dev/null 2>&1 &); echo gone', 'gone'],
    ['ulimit -c; echo $0', '0\nbash'],
    ['rm -rf /tmp/* ~/*; echo emptied', 'emptied'],
    ['seq 1 20000', /whole output is in \/tmp\/deskhand/],
    ['echo "ü€𝄞" | rev', '𝄞€ü'],
  ]));

test('calls of one turn take their turn; others do not wait for the shell', async () => {
  const { bash, call } = await open(newPlace());
  const done: string[] = [];
  const note = (name: string) => () => done.push(name);
  const calls = [
    bash('sleep 0.3; echo a > order').then(note('first')),
    bash('cat order; export SECOND=1').then(note('second')),
    bash('echo $SECOND').then((answer) => done.push(`third ${answer.text}`)),
    call('Glob', { pattern: '*' }).then(note('glob')),
  ];
  await Promise.all(calls);
  expect(done).toEqual(['glob', 'first', 'second', 'third 1']);
});

test('a command that is cancelled while it waits never begins', async () => {
  const { bash, call } = await open(newPlace());
  const first = bash('sleep 3');
  const began = performance.now();
  const controller = new AbortController();
  const second = call('Bash', { command: 'touch begun' }, controller.signal);
  setTimeout(() => controller.abort(), 100);
  expect(await second).toMatchObject({ isError: true, text: expect.stringMatching(/^Cancelled/) });
  expect(performance.now() - began).toBeLessThan(2_000);
  await first;
  expect((await bash('ls')).text).toBe('results');
});

test('wrong inputs get words', async () => {
  const { call } = await open(newPlace());
  expect(await call('Bash', {})).toMatchObject({ isError: true, text: 'Bash needs command, a text.' });
  expect(await call('Bash', 'ls')).toMatchObject({
    isError: true,
    text: expect.stringContaining('an object'),
  });
  expect(await call('Bash', { command: 'a\0b' })).toMatchObject({
    isError: true,
    text: expect.stringContaining('NUL'),
  });
  expect(await call('Bash', { command: 'true', timeout: 'soon' })).toMatchObject({ isError: true });
  expect(await call('Bash', { command: 'echo ok', timeout: '5000' })).toMatchObject({ text: 'ok' });
});
