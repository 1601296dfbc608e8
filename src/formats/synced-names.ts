/**
 * What a name tells about a file that an editor or a sync client made. Names that fit `wait` by accident are only
 * delayed; `ignore` holds nothing that an honest file is likely to be called. A weak conflict name (`plan 2.md`) is
 * also an honest title, so on its own it means nothing.
 */
export interface NameClass {
  kind: 'ignore' | 'placeholder' | 'conflict' | 'wait' | 'weak-conflict' | 'ordinary';
  /** Whose habit it is: `syncthing`, `vim`… */
  from?: string;
  /** For a conflict copy: the name of the file that it is a copy of, where the name tells. */
  original?: string;
}

/** The base name, without any folder. */
export function classifyName(raw: string): NameClass {
  // Longer names exist on no file system; the patterns below are only safe on short ones.
  const name = raw.slice(0, 512).normalize('NFC');
  const ignored = ignoreNames.find(([, pattern]) => pattern.test(name));
  if (ignored) return { kind: 'ignore', from: ignored[0] };
  const placeholder = placeholderNames.find(([, pattern]) => pattern.test(name));
  if (placeholder) return { kind: 'placeholder', from: placeholder[0] };
  const conflict = findConflict(name, conflictNames, 'conflict');
  if (conflict) return conflict;
  const waiting = waitNames.find(([, pattern]) => pattern.test(name));
  if (waiting) return { kind: 'wait', from: waiting[0] };
  return findConflict(name, weakNames, 'weak-conflict') ?? { kind: 'ordinary' };
}

type Row = readonly [from: string, pattern: RegExp];

function findConflict(
  name: string,
  rows: readonly Row[],
  kind: 'conflict' | 'weak-conflict',
): NameClass | null {
  for (const [from, pattern] of rows) {
    const match = pattern.exec(name);
    if (match === null) continue;
    const base = match.groups?.['base'] ?? match.groups?.['base2'] ?? match.groups?.['base3'];
    return {
      kind,
      from,
      ...(base === undefined ? {} : { original: `${base}${match.groups?.['ext'] ?? ''}` }),
    };
  }
  return null;
}

const ignoreNames: readonly Row[] = [
  ['deskhand', /^\.~.+\.[0-9a-z]{6,16}\.tmp$/],
  [
    'macOS',
    /^(\.DS_Store|\._.+|\.AppleDouble|\.Spotlight-V100|\.Trashes|\.fseventsd|\.TemporaryItems|\.DocumentRevisions-V100|\.apdisk|Icon\r|\.localized)$/,
  ],
  ['Windows', /^(Thumbs\.db|ehthumbs(_vista)?\.db|desktop\.ini|\$RECYCLE\.BIN|System Volume Information)$/i],
  ['network file system', /^(\.nfs[0-9a-f]{16,}|\.fuse_hidden[0-9a-f]+|\.smbdelete.*)$/],
  [
    'sync client',
    /^(\.dropbox(\.cache|\.attr|\.device)?|rules\.dropboxignore|\.stfolder.*|\.stversions|\.stignore|\._?sync_[0-9a-f]+\.db(-wal|-shm|\.ctmp)?|\.(nextcloud|owncloud)sync\.log(\.\d+)?|csync_journal\.db.*|\.tmp\.drive(upload|download)|\.shortcut-targets-by-id|\.nosync|RCLONE_TEST)$/,
  ],
  ['another program', /^(\.~tmp~|\.git|\.hg|\.svn|node_modules|\.obsidian|\.trash|\.idea|\.vscode)$/],
  ['vim', /^([._].*\.sw[a-px]|\..*\.un~)$/],
  ['emacs', /^(\.#.+|#.+#)$/],
  ['backup', /(~|\.~\d+~|\.bak|\.orig|\.rej)$/],
  ['GNOME', /^\.goutputstream-[A-Za-z0-9]{6}$/],
  ['Kate', /^\..+\.kate-swp$/],
  ['JetBrains', /_{2,3}jb_(tmp|old|bak)_{2,3}$/],
  ['Visual Studio Code', /\.vsctmp$/],
  ['Sublime Text', /^\.subl[0-9a-z]+\.tmp$/],
  ['macOS saving', /(\.sb-[0-9a-f]{8}-[A-Za-z0-9]{6}|^\(A Document Being Saved By .+\)( \d+)?)$/],
  ['Office', /^(~\$.+|~WR[A-Z]\d{4}\.tmp|~DF[0-9A-F]+\.tmp|ppt[0-9A-F]{4}\.tmp)$/i],
  ['LibreOffice', /^(\.~lock\..+#|lu[0-9a-z]+\.tmp)$/],
];

const placeholderNames: readonly Row[] = [
  ['iCloud', /^\.(.+)\.icloud$/],
  ['Nextcloud', /\.(nextcloud|owncloud)$/],
  ['Google Drive', /\.g(doc|sheet|slides|draw|form|map|site|script|jam|table|link|note)$/i],
];

const waitNames: readonly Row[] = [
  [
    'an editor that is saving',
    /^(4913|5036|5159|5282|5405|(tmp|sed|XX)[A-Za-z0-9]{6}|(?=.*[A-F])[0-9A-F]{8})$/,
  ],
  ['Syncthing', /^(\.syncthing\.|~syncthing~).+\.tmp$/],
  ['Nextcloud', /^\..+\.~[0-9a-f]{1,8}$/],
  ['rclone', /\.[0-9a-f]{8}\.partial$/],
  ['rsync', /^(\..+\.[A-Za-z0-9]{6}|\.rsync-tmp)$/],
  ['a program that is saving', /\.\d{6,20}$/],
  ['a download', /\.(crdownload|part|partial|download|opdownload|filepart|aria2|tmp|temp)$/i],
];

const conflictNames: readonly Row[] = [
  [
    'Dropbox',
    /^(?<base>.+) \((?<who>.+?)['’]s conflicted copy (?<when>\d{4}-\d{2}-\d{2})(?: (?:\((?<n>\d+)\)|(?<n2>\d+)))?\)(?<ext>\.[^.]*)?$/i,
  ],
  [
    'Dropbox',
    /^(?<base>.+) \((?<kind>case|unicode encoding|white ?space|selective sync|shared folder) conflict(?: \d+)?\)(?<ext>\.[^.]*)?$/i,
  ],
  ['Obsidian', /^(?<base>.+) \(Conflicted copy (?<who>.+) (?<when>\d{12})\)(?<ext>\.[^.]*)$/],
  [
    'Nextcloud',
    /^(?<base>.+) \(conflicted copy (?:(?<who>[^()]+) )?(?<when>\d{4}-\d{2}-\d{2} \d{6})\)(?<ext>\.[^.]*)?$/,
  ],
  ['ownCloud', /^(?<base>.+)_conflict-(?<when>\d{8}-\d{6})(?<ext>\.[^.]*)?$/],
  ['Syncthing', /^(?<base>.+)\.sync-conflict-(?<when>\d{8}-\d{6})(?:-(?<who>[A-Z2-7]{7}))?(?<ext>\.[^.]*)?$/],
  ['rclone', /^(?<base>.+?)(?<ext>\.[^.]*)?\.conflict(?<n>\d+)$/],
  ['rclone', /^(?<base>.+)\.conflict(?<n>\d+)(?<ext>\.[^.]*)$/],
  ['rclone', /^(?<base>.+)\.\.path(?<n>[12])$/],
  ['OneDrive', /^(?<base>.+)-(?<who>[^/]+)-safeBackup-(?<n>\d{4})(?<ext>\.[^.]*)?$/],
  ['FSNotes', /^(?<base>.+) \(CONFLICT (?<when>\d{8}T\d{6})\)(?<ext>\.[^.]*)?$/],
  ['Google Drive', /^(?<base>.+) \[Conflict(?: \d+)?\](?<ext>\.[^.]*)?$/i],
  ['Box', /^(?<base>.+?)[ -]\(?(?<who>[^\s()]+@[^\s()]+\.[a-z]{2,})\)?(?<ext>\.[^.@]+)$/i],
  [
    'a sync client',
    /conflicted copy|in Konflikt stehende Kopie|copie en conflit|copia en conflicto|copia in conflitto|cópia em conflito/i,
  ],
];

const weakNames: readonly Row[] = [
  ['OneDrive', /^(?<base>.+)-(?<who>[A-Za-z][A-Za-z0-9-]{2,62}?)(?:-(?<n>\d+))?(?<ext>\.[^.]*)$/],
  [
    'a copy',
    /^(?:Copy of (?<base2>.+)|(?<base>.+?) (?:-|–) Copy(?: \((?<n>\d+)\))?|(?<base3>.+) copy(?: (?<n2>\d+))?)(?<ext>\.[^.]*)$/i,
  ],
  ['Google Drive or Windows', /^(?<base>.+) ?\((?<n>\d{1,3})\)(?<ext>\.[^.]*)$/],
  ['iCloud or Finder', /^(?<base>.+) (?<n>[2-9]|[1-9]\d)(?<ext>\.[^.]*)$/],
];
