import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { SandboxSpec } from '../../src/sandbox/sandbox.ts';
import { promise } from '../promises.ts';
import { isRoot, keptPlace, newPlace, nobody, root, self } from './place.ts';

/** Who runs deskhand, and whose the folder is. Tests that an ordinary user runs can only be that user. */
const ways = isRoot
  ? [
      { way: 'root in a folder of root', runs: self, owner: self },
      { way: 'an ordinary user', runs: nobody, owner: nobody },
      { way: 'root in a folder of another user', runs: self, owner: nobody },
    ]
  : [{ way: 'an ordinary user', runs: self, owner: self }];

/** Runs the commands in one session and gives what each printed. */
async function drive(way: (typeof ways)[number], spec: SandboxSpec, texts: string[]): Promise<string[]> {
  const program = [process.execPath, join(import.meta.dirname, 'fixtures/drive.ts')];
  const { uid, gid } = way.runs;
  const drop = uid === self.uid ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  // A file that deskhand has open by chance, as it may a terminal's other end.
  const opened = ['bash', '--norc', '-c', 'exec 77</etc/hostname; exec "$@"', 'bash'];
  const [file = '', ...args] = [...opened, ...drop, ...program];
  const child = spawn(file, args, {
    env: { PATH: process.env['PATH'], DESKHAND_SECRET: 'host-secret', ANTHROPIC_API_KEY: 'host-key' },
    stdio: ['pipe', 'pipe', 'inherit'],
    cwd: root,
  });
  child.stdin.end(JSON.stringify({ spec, commands: texts }));
  const { ready, answers } = JSON.parse(await text(child.stdout));
  expect(ready).toEqual({ ok: true });
  return answers;
}

/** A place with control files and a folder of deskhand's own, all of it the owner's. */
function furnish(owner: { uid: number; gid: number }): { spec: SandboxSpec; remove: () => void } {
  const { spec, remove } = keptPlace('folder', owner);
  const put = (name: string, content: string) => writeFileSync(join(spec.folder, name), content);
  for (const name of ['tasks', '.deskhand', '.deskhand/journal', '.deskhand/skills'])
    mkdirSync(join(spec.folder, name));
  put('CLAUDE.md', 'rules\n');
  put('tasks/one.md', 'do\n');
  put('.deskhand/journal/log', 'secret\n');
  put('.deskhand/skills/a.md', 'skill\n');
  put('data.csv', 'a\n');
  mkdirSync(join(spec.folder, '../other'));
  writeFileSync(join(spec.folder, '../other/file'), 'other\n');
  execFileSync('chown', ['-R', `${owner.uid}:${owner.gid}`, join(spec.folder, '..')]);
  const readOnlyRel = ['CLAUDE.md', 'tasks', 'AGENTS.md'];
  return { spec: { ...spec, readOnlyRel, skillsRel: ['.deskhand/skills'], run: 'run-1' }, remove };
}

const refused =
  /denied|Read-only|not permitted|No such file|cannot|busy|must be superuser|ENOSPC|cross-device/i;
const none = '0000000000000000';
const abstractName = `deskhand-test-${process.pid}`;

/** One session runs all of it, in this order; each test looks at the answers that are its own. */
const commands = {
  pwd: 'pwd; ls; echo "$DESKHAND_RESULT $DESKHAND_RUN"; test -d "$DESKHAND_RESULT" && echo made',
  env: 'env | cut -d= -f1 | sort | tr "\\n" " "',
  others: 'cat ../other/file; ls ..; ls /root /home /work 2>&1',
  system:
    'for f in /etc/shadow /etc/machine-id /etc/ssh /etc/sudoers /var/lib /var/log /run/systemd /sys /boot /srv; do test -e $f && echo "seen $f"; done; echo none',
  accounts: 'cat /etc/passwd | wc -l; id -u; id -un; getent hosts localhost | head -1',
  owners: 'stat -c %u CLAUDE.md data.csv /tmp "$HOME"',
  places:
    'for p in / /usr /etc /dev /run /bin "$(dirname "$PWD")" /proc; do touch $p/x 2>/dev/null && echo "wrote $p"; done; touch /tmp/x "$HOME/x" /var/tmp/x /dev/shm/x && echo ok',
  nodes: 'ls /dev | sort | tr "\\n" " "',
  work: 'git --version; python3 -c "print(6*7)"; node -p "process.version"; date +%Z; cd /tmp; printf "#include <stdio.h>\\nint main(){puts(\\"built\\");}" > a.c && gcc a.c -o a && ./a; cd - >/dev/null',
  devices: 'tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d " "',
  loopback: 'cat < /dev/tcp/127.0.0.1/PORT',
  outside: 'timeout 3 cat < /dev/tcp/192.0.2.1/80',
  abstract: `node -e 'require("net").connect({path:"\\0${abstractName}"}).on("data",d=>console.log(String(d))).on("error",e=>console.log(e.code))'`,
  seen: 'grep -zl 987654 /proc/[0-9]*/cmdline; ls -d /proc/[0-9]* | wc -l',
  kill: `kill -0 MARKER; kill -9 ${process.pid}`,
  namespaces:
    'for c in "unshare --user true" "unshare --mount true" "mount -t tmpfs none /tmp" "bwrap --bind / / true"; do $c 2>/dev/null && echo "worked: $c"; done; echo end',
  rights: 'grep -E "^(CapEff|CapPrm|CapBnd|NoNewPrivs)" /proc/self/status | tr -s "\\t" " "; hostname',
  environs: 'grep -zl host- /proc/[0-9]*/environ; cat /proc/1/environ | tr "\\0" "\\n" | grep -c host-',
  files:
    'for p in $$ $BASHPID 1 2; do ls -l /proc/$p/fd 2>/dev/null | sed -n "s/.*-> //p"; done | grep -v "^\\(pipe\\|socket\\|anon_inode\\):\\|^/dev/null$\\|^/run/deskhand/\\|^/proc/" ; echo end',
  hidden: 'find .deskhand -mindepth 1; cat .deskhand/skills/a.md; cat .deskhand/journal/log',
  unhide:
    'touch .deskhand/x .deskhand/skills/x; echo more >> .deskhand/skills/a.md; rm -r .deskhand; mv .deskhand y',
  control:
    'echo x > CLAUDE.md; echo x >> CLAUDE.md; rm -f CLAUDE.md; mv CLAUDE.md y; ln -f /dev/null CLAUDE.md; chmod 777 CLAUDE.md',
  tasks: 'touch tasks/two.md; rm tasks/one.md; rm -r tasks; mv tasks y; mkdir tasks/z',
  kept: 'cat CLAUDE.md tasks/one.md; ls; test -e AGENTS.md || echo absent',
  // The value that is there already, and an opening without a write: harmless where the fence does not hold.
  kernel:
    'v=$(cat /proc/sys/kernel/core_pattern); echo "$v" > /proc/sys/kernel/core_pattern; : >> /proc/sysrq-trigger',
  flags:
    'for m in sys irq bus fs; do grep -E " /proc/$m r[ow]," /proc/self/mountinfo | tail -1 | cut -d" " -f5,6 | cut -d, -f1; done',
  settings:
    'for f in $(find /proc -maxdepth 4 -not -path "/proc/[0-9]*" -not -path "/proc/self/*" -not -path "/proc/thread-self/*" -type f -writable 2>/dev/null); do (: >> $f) 2>/dev/null && echo $f; done; echo end',
  changes: 'echo b >> data.csv; echo new > new.txt; mkdir d; echo c > d/c',
};

type Answers = Record<keyof typeof commands, string>;

/** Servers and a process on the host, for the session to look for. */
async function runAll(way: (typeof ways)[number], spec: SandboxSpec): Promise<Answers> {
  const tcp = createServer((socket) => socket.end('reached')).listen(0, '127.0.0.1');
  const abstract = createServer((socket) => socket.end('reached')).listen(`\0${abstractName}`);
  const marker = spawn('sleep', ['987654'], { uid: way.runs.uid, gid: way.runs.gid });
  await Promise.all([once(tcp, 'listening'), once(abstract, 'listening')]);
  try {
    const address = tcp.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const texts = Object.values(commands).map((command) =>
      command.replace('PORT', String(port)).replace('MARKER', String(marker.pid)),
    );
    const answers = await drive(way, spec, texts);
    expect(marker.exitCode).toBe(null);
    return Object.fromEntries(Object.keys(commands).map((name, at) => [name, answers[at] ?? ''])) as Answers;
  } finally {
    marker.kill('SIGKILL');
    tcp.close();
    abstract.close();
  }
}

/** Lines that are no refusal. */
function notRefused(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => !refused.test(line) && !/^Exit code|dmesg|unshare failed/.test(line));
}

describe.each(ways)('$way', (way) => {
  const corePattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
  let place: { spec: SandboxSpec; remove: () => void };
  let said: Answers;
  beforeAll(async () => {
    place = furnish(way.owner);
    said = await runAll(way, place.spec);
  });
  afterAll(() => place.remove());

  promise('sandbox.only-the-folder', `${way.way}: sees the folder and a read-only system`, () => {
    const { spec } = place;
    expect(said.pwd).toBe(`${spec.folder}\nCLAUDE.md\ndata.csv\nresults\ntasks\nresults/one run-1\nmade`);
    expect(said.others).toMatch(/other\/file: No such file/);
    expect(said.others).not.toContain('other\n');
    expect(said.system).toBe('none');
    expect(said.accounts).toMatch(/^3\n1000\ndeskhand\n(127.0.0.1|::1) +localhost/);
    expect(said.owners).toBe('1000\n1000\n1000\n1000');
    expect(said.places).toBe('ok');
    expect(said.nodes).toBe('core fd full null ptmx pts random shm stderr stdin stdout tty urandom zero');
    expect(said.work).toMatch(/^git version .*\n42\nv24\..*\n\S+\nbuilt$/);
  });

  promise('sandbox.no-network', `${way.way}: no network, no loopback or abstract socket of the host`, () => {
    expect(said.devices).toBe('lo');
    expect(said.loopback).toMatch(/Connection refused/);
    expect(said.outside).toMatch(/Network is unreachable/);
    expect(said.abstract).toMatch(/ECONNREFUSED/);
  });

  promise('sandbox.no-processes', `${way.way}: no process of the host is seen or reached`, () => {
    expect(said.seen).toMatch(/^\d$/);
    expect(said.kill).toMatch(/No such process.*No such process/s);
    expect(said.namespaces).toBe('end');
    expect(said.rights).toBe(`CapPrm: ${none}\nCapEff: ${none}\nCapBnd: ${none}\nNoNewPrivs: 1\ndeskhand`);
  });

  promise('sandbox.no-leaks', `${way.way}: no environment, open file or folder of deskhand's`, () => {
    expect(said.env).toMatch(/^DESKHAND_RESULT DESKHAND_RUN HOME LANG (OLDPWD )?PATH PWD SHLVL TMPDIR TZ _$/);
    expect(said.environs).toMatch(/^(Exit code 1\n)?0$/);
    expect(said.files).toBe('end');
    expect(said.hidden).toMatch(
      /^Exit code 1\n.deskhand\/skills\n.deskhand\/skills\/a.md\nskill\ncat: .*No such file/,
    );
    expect(notRefused(said.unhide)).toEqual([]);
    expect(readdirSync(join(place.spec.stage, 'upper'))).not.toContain('.deskhand');
  });

  promise('sandbox.control-read-only', `${way.way}: control files stay, absent ones leave no ghost`, () => {
    expect(notRefused(said.control)).toEqual([]);
    expect(notRefused(said.tasks)).toEqual([]);
    expect(said.kept).toBe('rules\ndo\nCLAUDE.md\ndata.csv\nresults\ntasks\nabsent');
    expect(readFileSync(join(place.spec.folder, 'CLAUDE.md'), 'utf8')).toBe('rules\n');
  });

  promise('sandbox.no-kernel-settings', `${way.way}: what sets up the kernel is read-only`, () => {
    expect(said.kernel).toMatch(
      /core_pattern: (Read-only|Perm).*sysrq-trigger: (Read-only|Perm|No such file)/s,
    );
    expect(said.flags).toBe('/proc/sys ro\n/proc/irq ro\n/proc/bus ro\n/proc/fs ro');
    expect(said.settings).toBe('end');
    expect(readFileSync('/proc/sys/kernel/core_pattern', 'utf8')).toBe(corePattern);
  });

  promise('sandbox.stage-only', `${way.way}: the folder itself stays as it is`, () => {
    const { folder, stage } = place.spec;
    expect(readFileSync(join(folder, 'data.csv'), 'utf8')).toBe('a\n');
    expect(readdirSync(folder).sort()).toEqual(['.deskhand', 'CLAUDE.md', 'data.csv', 'tasks']);
    expect(readFileSync(join(stage, 'upper/data.csv'), 'utf8')).toBe('a\nb\n');
    expect(readdirSync(join(stage, 'upper')).sort()).toEqual(['d', 'data.csv', 'new.txt', 'results']);
  });
});

promise(
  'sandbox.as-owner',
  'root works as the owner; what others own in the folder is refused with words',
  async () => {
    if (!isRoot) return;
    const { spec, remove } = furnish(nobody);
    onTestFinished(remove);
    writeFileSync(join(spec.folder, 'root.txt'), 'of root\n', { mode: 0o666 });
    writeFileSync(join(spec.folder, 'private.txt'), 'of root\n', { mode: 0o600 });
    execFileSync('chmod', ['666', join(spec.folder, 'root.txt')]);
    const way = ways[2];
    if (way === undefined) throw new Error('no such way');
    const [own, foreign, secret] = await drive(way, spec, [
      'touch mine; stat -c %u mine',
      'echo x >> root.txt',
      'cat private.txt',
    ]);
    expect(own).toBe('1000');
    expect(execFileSync('stat', ['-c', '%u', join(spec.stage, 'upper/mine')], { encoding: 'utf8' })).toBe(
      '65534\n',
    );
    expect(foreign).toMatch(/belongs to another user/);
    expect(secret).toMatch(/Permission denied/);
  },
);

test('a link in the place of a control file, of .deskhand or in it leads nowhere', async () => {
  const way = ways[0];
  if (way === undefined) throw new Error('no way');
  const link = (target: string, at: string) => execFileSync('ln', ['-s', target, at]);
  const spec = newPlace();
  link('/etc/shadow', join(spec.folder, 'CLAUDE.md'));
  link('/etc', join(spec.folder, '.deskhand'));
  const [read] = await drive(way, { ...spec, readOnlyRel: ['CLAUDE.md'] }, [
    'cat CLAUDE.md; ls .deskhand/shadow',
  ]);
  expect(read).toMatch(/CLAUDE.md: No such file.*shadow': No such file/s);
  const other = newPlace();
  mkdirSync(join(other.folder, '.deskhand'));
  link('/etc', join(other.folder, '.deskhand/skills'));
  const [skills] = await drive(way, { ...other, skillsRel: ['.deskhand/skills'] }, [
    'ls -A .deskhand; echo end',
  ]);
  expect(skills).toBe('end');
});
