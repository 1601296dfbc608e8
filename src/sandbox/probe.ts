import { bubblewrapLaunch, inside } from './bubblewrap.ts';
import { type Exit, Launched } from './launch.ts';
import { runProgram } from './run-program.ts';
import type { Probe, SandboxAssets, SandboxSpec } from './sandbox.ts';

/** Why no sandbox starts here, and the sentence that says what to change. */
export interface Refusal {
  reason: string;
  remedy: string;
}

/** What the machine allows, as far as it says so. */
export interface MachineFacts {
  /** `6.1.0-18-amd64` */
  kernel: string;
  unprivilegedUsernsClone: string;
  maxUserNamespaces: string;
  apparmorRestrictsUserns: string;
  container: boolean;
}

/** Starts a real sandbox over an empty folder, and leaves nothing of it. */
export async function probeBubblewrap(assets: SandboxAssets): Promise<Probe> {
  const spec: SandboxSpec = {
    folder: '/probe',
    stage: '/probe',
    resultRel: null,
    readOnlyRel: [],
    skillsRel: [],
    owner: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    assets,
  };
  const launch = bubblewrapLaunch(spec, { command: [inside.node, '-e', ''], probe: true });
  const exit = await new Launched(launch, ['ignore', 'ignore', 'pipe']).exited;
  if (exit.code !== 0) return { ok: false, ...(await explainFailure(exit, assets.launcher)) };
  const version = await runProgram(['bwrap', '--version']);
  return { ok: true, tier: 'bubblewrap', version: version.stdout.toString('utf8').trim() };
}

/** Looks at the machine to say why the launcher failed. */
export async function explainFailure(exit: Exit, launcher: string): Promise<Refusal> {
  const facts = await readFacts();
  return explain(exit, facts, launcher);
}

const factFiles = [
  '/proc/sys/kernel/osrelease',
  '/proc/sys/kernel/unprivileged_userns_clone',
  '/proc/sys/user/max_user_namespaces',
  '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
];

async function readFacts(): Promise<MachineFacts> {
  const script =
    'for f in "$@"; do read -r v 2>/dev/null <"$f" || v=; echo "$v"; done 2>/dev/null; [[ -e /.dockerenv || -e /run/.containerenv ]] && echo yes';
  const read = await runProgram(['bash', '--norc', '-c', script, 'facts', ...factFiles]);
  const [kernel = '', clone = '', max = '', apparmor = '', container = ''] = read.stdout
    .toString('utf8')
    .split('\n');
  return {
    kernel,
    unprivilegedUsernsClone: clone,
    maxUserNamespaces: max,
    apparmorRestrictsUserns: apparmor,
    container: container === 'yes',
  };
}

/** Pure, so that every machine that we don't have here can be tried in a test. */
export function explain(exit: Exit, facts: MachineFacts, launcher: string): Refusal {
  const said = exit.errors.split('\n').filter(Boolean).slice(-2).join(' ').toWellFormed();
  if (exit.step === 'tools' || /ENOENT/.test(exit.errors)) return missingProgram(exit);
  if (exit.step === 'folder') {
    return {
      reason: `The sandbox could not open what it needs: ${said}.`,
      remedy: `Check that the folder exists and may be read, and that ${launcher} and dist/guest.mjs belong to a complete installation.`,
    };
  }
  if (exit.step === 'mount' && /lower cannot be bound/.test(exit.errors)) {
    return {
      reason:
        'The folder cannot be mounted in the sandbox: another file system is mounted somewhere inside it.',
      remedy:
        'Unmount what is mounted inside the folder (`findmnt -R FOLDER` lists it), or run deskhand as root.',
    };
  }
  const refused = exit.step === 'running' ? null : refusedNamespaces(facts);
  if (refused !== null) return refused;
  if (exit.step === 'overlay') return noOverlay(facts, said);
  return {
    reason: `The sandbox could not be started (at ${exit.step}, exit code ${exit.code}): ${said || 'no message'}.`,
    remedy: facts.container
      ? 'In a container, allow namespaces and mounts: `docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined --cap-add SYS_ADMIN …`.'
      : 'Run `deskhand doctor`; `bwrap --unshare-all --ro-bind / / true` shows what this machine refuses.',
  };
}

function missingProgram(exit: Exit): Refusal {
  const name =
    /(\S+) is not installed/.exec(exit.errors)?.[1] ?? /spawn (\S+) ENOENT/.exec(exit.errors)?.[1] ?? 'bwrap';
  const debian = name === 'bwrap' ? 'bubblewrap' : name === 'bash' ? 'bash' : 'util-linux mount';
  return {
    reason: `The sandbox needs the program ${name}, which is not installed.`,
    remedy: `Install it: \`sudo apt-get install ${debian}\` (Debian, Ubuntu) or \`sudo dnf install ${debian}\` (Fedora).`,
  };
}

function refusedNamespaces(facts: MachineFacts): Refusal | null {
  if (facts.unprivilegedUsernsClone === '0') {
    return {
      reason:
        'This machine does not let ordinary users make user namespaces (kernel.unprivileged_userns_clone is 0).',
      remedy: 'An administrator can allow them: `sudo sysctl -w kernel.unprivileged_userns_clone=1`.',
    };
  }
  if (facts.maxUserNamespaces === '0') {
    return {
      reason: 'This machine allows no user namespaces at all (user.max_user_namespaces is 0).',
      remedy: 'An administrator can allow them: `sudo sysctl -w user.max_user_namespaces=15000`.',
    };
  }
  if (facts.apparmorRestrictsUserns === '1') {
    return {
      reason:
        'AppArmor on this machine takes all rights from user namespaces of ordinary users (Ubuntu 23.10 and later).',
      remedy:
        'An administrator can allow them: `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`.',
    };
  }
  return null;
}

function noOverlay(facts: MachineFacts, said: string): Refusal {
  const [major = 0, minor = 0] = facts.kernel.split('.').map((part) => Number.parseInt(part, 10));
  if (major < 5 || (major === 5 && minor < 11)) {
    return {
      reason: `Linux ${facts.kernel} can't lay a view over a folder without root; that came with 5.11.`,
      remedy:
        'Update the kernel (`sudo apt-get install linux-image-amd64`, then restart), or run deskhand as root.',
    };
  }
  return {
    reason: `No view could be laid over the folder: ${said}.`,
    remedy:
      "The file system of the folder or of DESKHAND_HOME may not allow it (network drives and some containers don't): put DESKHAND_HOME on a local disk (`DESKHAND_HOME=/path deskhand …`).",
  };
}
