import { limits } from '../base/limits.ts';
import type { Folder } from '../disk/disk.ts';

/**
 * The key for the Messages API: from the environment, else from the system's keyring, else from a file in
 * DESKHAND_HOME that only its owner can read. It never reaches a sandbox, a log or a granted folder.
 */
export async function readKey(
  home: Folder,
  environment: NodeJS.ProcessEnv,
): Promise<{ key: string; from: string } | null> {
  for (const name of ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN']) {
    const value = environment[name]?.trim();
    if (value) return { key: value, from: `the environment (${name})` };
  }
  const file = home.read('key', limits.settingsBytesMax);
  if (file.kind === 'file')
    return { key: file.bytes.toString('utf8').trim(), from: 'the file `key` in DESKHAND_HOME' };
  const stored = await inKeyring(home.path, (entry) => entry.getPassword());
  return typeof stored === 'string' && stored !== '' ? { key: stored, from: "the system's keyring" } : null;
}

/** Returns where the key was put. */
export async function writeKey(home: Folder, key: string): Promise<string> {
  const isStored = await inKeyring(home.path, (entry) => {
    entry.setPassword(key);
    return entry.getPassword() === key;
  });
  if (isStored === true) {
    // An older key in the file would go before the new one.
    if (home.stat('key') !== null) home.remove('key');
    return "the system's keyring";
  }
  home.write('key', `${key}\n`, { mode: 0o600 });
  return 'the file `key` in DESKHAND_HOME, which only you can read (this machine has no keyring that answers)';
}

export async function removeKey(home: Folder): Promise<void> {
  if (home.stat('key') !== null) home.remove('key');
  await inKeyring(home.path, (entry) => entry.deletePassword());
}

interface KeyringEntry {
  getPassword(): string | null;
  setPassword(password: string): void;
  deletePassword(): boolean;
}

/** null where there is no keyring: the package is optional, and on a machine without a desktop every call throws. */
async function inKeyring<Result>(
  account: string,
  use: (entry: KeyringEntry) => Result,
): Promise<Result | null> {
  try {
    const { Entry } = await import('@napi-rs/keyring');
    return use(new Entry('deskhand', account));
  } catch {
    // Nothing to tell: the file is the way then, and `deskhand doctor` says where the key comes from.
    return null;
  }
}
