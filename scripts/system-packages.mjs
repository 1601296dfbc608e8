/** What deskhand needs from the Linux distribution: which packages, why, and how they get there. */
import { readdirSync } from 'node:fs';
import { findProgram, runProgram } from './programs.mjs';
import { SetUpError, say, sayStep } from './say.mjs';

/** `program` is what we look for, `package` what brings it. Without a needed one nothing works; the others only help. */
const wanted = [
  { program: 'bwrap', package: 'bubblewrap', needed: true, why: 'the sandbox in which every run happens' },
  { program: 'getfattr', package: 'attr', needed: true, why: 'reads what a run changed in its sandbox' },
  { program: 'rg', package: 'ripgrep', needed: false, why: 'makes searching in large folders faster' },
];
const compiler = ['make', 'g++', 'python3'].map((name) => ({
  program: name,
  package: name,
  needed: false,
  why: 'compiles node-pty, which `deskhand shell` needs',
}));

/**
 * Installs what is missing where that is allowed, and otherwise says what an administrator must run. A package that only
 * helps never stops the set-up: it is tried once and remembered in the list that is handed back.
 * @param {{ withCompiler: boolean, triedBefore: string[] }} options
 * @returns {string[]} packages that only help, are still missing, and were tried or named
 */
export function installSystemPackages({ withCompiler, triedBefore }) {
  if (process.platform !== 'linux') return [];
  const missing = [...wanted, ...(withCompiler ? compiler : [])].filter(
    (entry) => findOnSystem(entry.program) === null,
  );
  const needed = missing.filter((entry) => entry.needed);
  const helping = missing.filter((entry) => !entry.needed && !triedBefore.includes(entry.package));
  if (needed.length === 0 && helping.length === 0) return triedBefore;

  const asked = [...needed, ...helping];
  sayStep('Some packages of the distribution are missing:');
  for (const entry of asked)
    say(`    ${entry.package.padEnd(11)} ${entry.why}${entry.needed ? '' : ' (optional)'}`);
  const rights = findRights(needed.length > 0);
  if (rights === null) refuseOrGoOn(needed, helping);
  else installWith(rights, needed, helping);
  return [...triedBefore, ...helping.map((entry) => entry.package)];
}

/**
 * What stands before `apt-get`: nothing for root, sudo where it works without a password or can ask for one, null where
 * nothing may be installed. A password is asked for only when it must be.
 * @param {boolean} mayAsk @returns {string[] | null}
 */
function findRights(mayAsk) {
  if (findOnSystem('apt-get') === null) return null;
  if (process.getuid?.() === 0) return [];
  const sudo = findOnSystem('sudo');
  if (sudo === null) return null;
  if (runProgram(sudo, ['-n', 'true'], { quiet: true }).ok) return [sudo, '-n'];
  if (!mayAsk || !process.stdin.isTTY || !process.stderr.isTTY) return null;
  say('  Installing them needs your password, for sudo.');
  return runProgram(sudo, ['-v']).ok ? [sudo] : null;
}

/** @param {string[]} rights @param {typeof wanted} needed @param {typeof wanted} helping */
function installWith(rights, needed, helping) {
  const both = [...needed, ...helping];
  const first = aptInstall(rights, both);
  if (first.ok) return;
  if (needed.length > 0) {
    const second = helping.length > 0 ? aptInstall(rights, needed) : first;
    if (!second.ok)
      throw new SetUpError(`${second.output}\n${refusal(needed, 'apt-get failed (see above).')}`, 2);
  }
  say('  The optional ones could not be installed; going on without them.');
}

/** @param {string[]} rights @param {typeof wanted} entries */
function aptInstall(rights, entries) {
  const names = entries.map((entry) => entry.package);
  const apt = [
    ...rights,
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'apt-get',
    '-qq',
    '-o',
    'DPkg::Lock::Timeout=120',
  ];
  const run = (/** @type {string[]} */ args) => {
    const [file = 'env', ...rest] = [...apt, ...args];
    return runProgram(file, rest, { quiet: true });
  };
  say(`  ${rights.length > 0 ? 'sudo ' : ''}apt-get install -y ${names.join(' ')}`);
  const install = ['install', '-y', '--no-install-recommends', ...names];
  if (hasPackageLists()) {
    const done = run(install);
    if (done.ok) return done;
  }
  const updated = run(['update']);
  const done = run(install);
  return done.ok ? done : { ok: false, output: `${updated.ok ? '' : updated.output}${done.output}` };
}

/** A fresh image often has no package lists at all; asking apt-get without them is time lost. */
function hasPackageLists() {
  try {
    return readdirSync('/var/lib/apt/lists').some((name) => name.includes('_Packages'));
  } catch {
    return false; // Not readable: apt-get itself will tell.
  }
}

/** @param {typeof wanted} needed @param {typeof wanted} helping */
function refuseOrGoOn(needed, helping) {
  if (needed.length > 0)
    throw new SetUpError(refusal([...needed, ...helping], 'This user may not install packages.'), 2);
  say(`  They would come with: ${adminCommand(helping)}`);
  say('  Going on without them.');
}

/** @param {typeof wanted} entries @param {string} reason */
function refusal(entries, reason) {
  return `\n${reason} An administrator must run this once:\n\n    ${adminCommand(entries)}\n\nThen give the same command again.`;
}

/** @param {typeof wanted} entries */
function adminCommand(entries) {
  const names = entries.map((entry) => entry.package).join(' ');
  if (findOnSystem('apt-get')) return `sudo sh -c 'apt-get update && apt-get install -y ${names}'`;
  if (findOnSystem('dnf')) return `sudo dnf install -y ${names.replace('g++', 'gcc-c++')}`;
  if (findOnSystem('pacman'))
    return `sudo pacman -S --needed ${names.replace('g++', 'gcc').replace('python3', 'python')}`;
  if (findOnSystem('zypper')) return `sudo zypper install -y ${names.replace('g++', 'gcc-c++')}`;
  return `(your package manager's install command) ${names}`;
}

/**
 * PATH of a service or of cron may lack the system's own folders. Tests give others, to be a machine that lacks something.
 * @param {string} name
 */
function findOnSystem(name) {
  const system = process.env.DESKHAND_SYSTEM_PATH ?? '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin';
  return findProgram(name, `${process.env.PATH ?? ''}:${system}`);
}
