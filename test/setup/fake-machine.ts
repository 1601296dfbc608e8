import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { scratchDir } from '../scratch.ts';

const root = join(import.meta.dirname, '..', '..');
export const isRoot = process.getuid?.() === 0;
const nobody = 65534;

/** A machine as the set-up sees it: its programs are small shell scripts that write down how they were called. */
export interface FakeMachine {
  /** The clone, in a folder with a space in its name. */
  clone: string;
  programs: string;
  /** `npm ci …`, `apt-get …`: every call of a fake program, in order. */
  calls(): string[];
  setUp(...args: string[]): { code: number | null; talk: string };
}

export interface MachineOptions {
  /** Programs of the distribution that are there. */
  has?: string[];
  /** Further programs: name → the body of a shell script. `$LOG`, `$PROGRAMS` and `$CLONE` are set. */
  more?: Record<string, string>;
  asRoot?: boolean;
  /** What src/main.ts says. */
  main?: string;
}

/** What the distribution's programs are called, all of them. */
export const allPrograms = ['bwrap', 'getfattr', 'rg', 'make', 'g++', 'python3'];

/** An apt-get that knows what each package brings; `sudo` that lets everything through. */
export const workingApt = `
[ "$1" = "-qq" ] && shift 3
case "$1" in install) shift 3; for name in "$@"; do
  case "$name" in bubblewrap) p=bwrap;; attr) p=getfattr;; ripgrep) p=rg;; *) p=$name;; esac
  printf '#!/bin/sh\\n' > "$PROGRAMS/$p"; chmod 755 "$PROGRAMS/$p"
done;; esac`;
export const workingSudo = '[ "$1" = -n ] && shift; exec "$@"';

export function fakeMachine({
  has = allPrograms,
  more = {},
  asRoot = isRoot,
  main = '',
}: MachineOptions = {}): FakeMachine {
  const dir = scratchDir();
  const clone = join(dir, 'a clone');
  const programs = join(dir, 'programs');
  const log = join(dir, 'calls.log');
  for (const folder of [clone, programs]) mkdirSync(folder);
  writeFileSync(log, '');
  makeClone(clone, main);
  for (const name of ['sh', 'env', 'mkdir', 'chmod', 'cp', 'ln', 'true'])
    symlinkSync(findProgram(name), join(programs, name));
  const fakes = { npm: fakeNpm, ...Object.fromEntries(has.map((name) => [name, ''])), ...more };
  for (const [name, body] of Object.entries(fakes)) {
    const head = `#!/bin/sh\nLOG='${log}' PROGRAMS='${programs}' CLONE='${clone}'\nprintf '%s\\n' "${name} $*" >> "$LOG"\n`;
    writeFileSync(join(programs, name), `${head}${body}\n`, { mode: 0o755 });
  }
  if (isRoot && !asRoot) giveAway(dir);
  return {
    clone,
    programs,
    calls: () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
    setUp: (...args) => {
      const ended = spawnSync(process.execPath, [join(clone, 'scripts', 'run.mjs'), 'setup', ...args], {
        encoding: 'utf8',
        env: { PATH: programs, DESKHAND_SYSTEM_PATH: programs, HOME: dir },
        ...(isRoot && !asRoot ? { uid: nobody, gid: nobody } : {}),
      });
      return { code: ended.status, talk: `${ended.stdout}${ended.stderr}` };
    },
  };
}

function findProgram(name: string): string {
  return spawnSync('sh', ['-c', `command -v "${name}" | grep / || echo "/bin/${name}"`], {
    encoding: 'utf8',
  }).stdout.trim();
}

/** Compiler and bundler are stand-ins that npm "installs"; they show which source they saw. */
const fakeNpm = `
[ "$1" = ci ] || exit 0
rm=/bin/rm; "$rm" -rf node_modules
mkdir -p node_modules/node/bin node_modules/typescript/bin node_modules/node-pty/build/Release
printf '{"version":"24.0.0"}' > node_modules/node/package.json
ln -s '${process.execPath}' node_modules/node/bin/node
cp fakes/tsc node_modules/typescript/bin/tsc
cp package.json node_modules/node-pty/package.json
cp package.json node_modules/node-pty/build/Release/pty.node`;

const fakeCompiler = `const { readFileSync, writeFileSync } = require('node:fs');
const text = readFileSync('src/main.ts', 'utf8');
if (text.includes('WRONG')) { console.log('src/main.ts(1,1): error: WRONG'); process.exit(1); }
writeFileSync(process.argv[process.argv.indexOf('--outDir') + 1] + '/main.js', text);
`;
const fakeBundler = `import { writeFileSync } from 'node:fs';
export async function bundleGuest(file: string) { writeFileSync(file, '// guest'); }
`;

function makeClone(clone: string, main: string): void {
  for (const folder of ['src', 'sandbox', 'fakes', 'bin']) mkdirSync(join(clone, folder));
  cpSync(join(root, 'scripts'), join(clone, 'scripts'), { recursive: true });
  cpSync(join(root, 'bin'), join(clone, 'bin'), { recursive: true });
  writeFileSync(join(clone, 'package.json'), '{ "name": "deskhand", "type": "module" }');
  writeFileSync(
    join(clone, 'package-lock.json'),
    '{ "packages": { "": {}, "node_modules/node": { "version": "24.0.0" } } }',
  );
  writeFileSync(join(clone, 'src', 'main.ts'), main);
  writeFileSync(join(clone, 'fakes', 'tsc'), fakeCompiler);
  writeFileSync(join(clone, 'sandbox', 'bundle.ts'), fakeBundler);
  writeFileSync(join(clone, 'fakes', 'package.json'), '{ "type": "commonjs" }');
}

/** Everything below to a user who is not root. */
function giveAway(path: string): void {
  if (!existsSync(path)) return;
  chownSync(path, nobody, nobody);
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inside = join(path, entry.name);
    if (entry.isDirectory()) giveAway(inside);
    else if (entry.isFile()) chownSync(inside, nobody, nobody);
  }
  chmodSync(path, 0o755);
}
