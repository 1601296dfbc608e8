import { watch } from 'chokidar';
import type { Path } from '../base/path.ts';

/**
 * Something may have changed: a wake-up call, nothing more. Watchers lose events without saying so, so nothing depends
 * on them but speed; the next regular look finds whatever they missed.
 */
export interface Hints {
  /** Watches these folders, each only itself and not what lies deeper, and lets go of all others. */
  follow(folders: { path: Path; steers: RegExp }[]): void;
  close(): Promise<void>;
}

/** `wake` is called at most once for each burst. `onTrouble` gets a sentence when watching does not work somewhere. */
export function openHints(wake: () => void, onTrouble: (text: string) => void): Hints {
  const followed = new Map<Path, RegExp>();
  const watcher = watch([], {
    depth: 0,
    followSymlinks: false,
    persistent: true,
    // What is there when watching begins wakes too: it may have come after the look that asked for the watching.
    ignoreInitial: false,
    ignored: (path) => {
      const at = path.lastIndexOf('/');
      return !followed.has(path) && followed.get(path.slice(0, at))?.test(path.slice(at + 1)) !== true;
    },
  });
  let pending: NodeJS.Timeout | null = null;
  watcher.on('all', () => {
    pending ??= setTimeout(() => {
      pending = null;
      wake();
    }, burstMs);
  });
  watcher.on('error', (error) =>
    onTrouble(`watching is not complete (${String(error)}); deskhand looks by itself instead`),
  );
  return {
    follow: (folders) => {
      // The watcher takes text only; a folder whose name is no UTF-8 is found by the regular look.
      const wanted = new Map(
        folders.filter(({ path }) => path.isWellFormed()).map(({ path, steers }) => [path, steers]),
      );
      const gone = [...followed.keys()].filter((folder) => !wanted.has(folder));
      const fresh = [...wanted].filter(([folder]) => !followed.has(folder));
      if (gone.length > 0) watcher.unwatch(gone);
      for (const folder of gone) followed.delete(folder);
      for (const [folder, steers] of fresh) followed.set(folder, steers);
      if (fresh.length > 0) watcher.add(fresh.map(([folder]) => folder));
    },
    close: async () => {
      if (pending !== null) clearTimeout(pending);
      await watcher.close();
    },
  };
}

/**
 * Names that can change what is owed. All others in a folder are material, and there may be very many of them: they
 * cost neither a watch nor a wake-up.
 */
export const steeringNames = {
  home: /^(grants\.yaml|settings\.yaml|global-instructions\.md|key|PAUSE)$/,
  requests: /\.json$/,
  root: /\.task\.md$|^(claude|agents)\b.*\.md$|^pause(\.txt|\.md)?$|^(tasks|\.deskhand)$/i,
  tasks: /\.(md|txt)$/i,
  deskhand: /^settings\.yaml$/,
  state: /^PAUSE$/,
} as const;

/** Editors save in several steps; one look after them is enough, and settling takes longer anyway. */
const burstMs = 30;
