import { basename, posix } from 'node:path';
import type { Project, Source } from './source.ts';

/** One row of the floors table: a folder imports only from floors below its own. */
export interface Floor {
  floor: number;
  /** `disk/`, or `main.ts` for the file at the top. */
  folder: string;
  /** Modules and packages that nobody else may import. */
  owns: readonly string[];
}

export interface Rules {
  floors: readonly Floor[];
  /** Folders whose every file may be imported from above. Elsewhere only the front file may. */
  open: readonly string[];
  /** Packages that several folders may import, and who. */
  shared: Readonly<Record<string, readonly string[]>>;
  /** Members of global objects, and the only place that may use each. */
  globals: Readonly<Record<string, string>>;
  /** What the guest may import: prefixes of paths in src/, and packages, which are bundled with it. */
  guestMayImport: readonly string[];
  linesMax: { source: number; test: number };
  /** Files in a folder; an open one holds many small leaves. */
  filesMax: { open: number; other: number };
}

/** One breach: `path:line: what`. */
export type Breach = string;

export const sourceRules: Readonly<Record<string, (project: Project, rules: Rules) => Breach[]>> = {
  'imports go down, and only to front files': checkFloors,
  'each outside module has its owner': checkOwners,
  'globals that act on the process have their place': checkGlobals,
  'files are short': checkSizes,
  'no default exports, no barrels': checkExports,
  'names say what a thing is': checkNames,
  'no import cycles': checkCycles,
  'each folder has a front file that says what it hides, promises and never does': checkFronts,
  'the guest shares only the line protocol with the host': checkGuest,
  'folders stay small': checkFolders,
  'tests replace no modules and leave no test out': checkTests,
};

function checkFloors(project: Project, rules: Rules): Breach[] {
  const floorOf = new Map(rules.floors.map(({ folder, floor }) => [folder, floor]));
  return under(project, 'src/').flatMap((source) => {
    const from = folderOf(source.path);
    const own = floorOf.get(from);
    if (own === undefined) return [`${source.path}: ${from} stands in no row of the floors table`];
    return source.imports.flatMap(({ to, outside, line }) => {
      const target = folderOf(to);
      if (outside || target === from) return [];
      const where = `${source.path}:${line}: imports ${to}`;
      if (!to.startsWith('src/')) return [`${where}, which lies outside src/`];
      const below = floorOf.get(target);
      if (below === undefined) return [`${where}, which stands in no row of the floors table`];
      if (below >= own)
        return [
          `${where}: ${from} is on floor ${own}, ${target} on floor ${below}, and imports only go down`,
        ];
      if (!rules.open.includes(target) && to !== frontOf(target))
        return [`${where}: from outside, only ${frontOf(target)} may be imported`];
      return [];
    });
  });
}

function checkOwners(project: Project, rules: Rules): Breach[] {
  const owner = new Map(
    rules.floors.flatMap(({ folder, owns }) => owns.map((module) => [module, folder] as const)),
  );
  return under(project, 'src/').flatMap((source) =>
    source.imports.flatMap(({ to, outside, line }) => {
      if (!outside) return [];
      const folder = folderOf(source.path);
      const owning = owner.get(to) ?? owner.get(to.replace(/\/promises$/, ''));
      if (owning !== undefined) {
        return owning === folder
          ? []
          : [`${source.path}:${line}: imports ${to}, which belongs to ${owning} alone`];
      }
      if (to.startsWith('node:') || rules.shared[to]?.includes(folder)) return [];
      return [`${source.path}:${line}: imports ${to}, which has no owner in the table that allows it here`];
    }),
  );
}

function checkGlobals(project: Project, rules: Rules): Breach[] {
  return under(project, 'src/').flatMap((source) =>
    source.globals.flatMap(({ name, line }) => {
      const place = rules.globals[name];
      return place === undefined || place === folderOf(source.path)
        ? []
        : [`${source.path}:${line}: uses ${name}, which only ${place} may`];
    }),
  );
}

function checkSizes(project: Project, { linesMax }: Rules): Breach[] {
  const tooLong = (folder: string, max: number) =>
    under(project, folder).flatMap(({ path, lines }) =>
      lines > max ? [`${path}: ${lines} lines, the limit is ${max}`] : [],
    );
  return [
    ...tooLong('src/', linesMax.source),
    ...tooLong('sandbox/', linesMax.source),
    ...tooLong('test/', linesMax.test),
  ];
}

function checkExports(project: Project): Breach[] {
  return ours(project).flatMap(({ path, defaultExportLine, exportAllLine, onlyReExports }) => [
    ...(defaultExportLine === null
      ? []
      : [`${path}:${defaultExportLine}: has a default export; give it a name`]),
    ...(exportAllLine === null
      ? []
      : [`${path}:${exportAllLine}: re-exports everything; name what goes out`]),
    ...(onlyReExports && path !== frontOf(folderOf(path))
      ? [`${path}: only re-exports, and is not its folder's front`]
      : []),
  ]);
}

const layerNames = [
  'utils',
  'util',
  'helpers',
  'helper',
  'manager',
  'service',
  'core',
  'types',
  'common',
  'misc',
  'index',
];

function checkNames(project: Project): Breach[] {
  return ours(project).flatMap(({ path }) => {
    const parts = path.replace(/\.ts$/, '').split('/');
    const words = parts.slice(1).flatMap((part) => part.split('-'));
    return [
      ...words
        .filter((word) => layerNames.includes(word))
        .map((word) => `${path}: "${word}" names a layer, not a thing`),
      ...parts
        .filter((part) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(part))
        .map((part) => `${path}: "${part}" is not lower-case-with-hyphens`),
    ];
  });
}

/** A front file's types may be known to the parts behind it; code that needs each other is one thing in two files. */
function checkCycles(project: Project): Breach[] {
  const imports = new Map(
    ours(project).map((source) => {
      const running = source.imports.filter(({ outside, typeOnly }) => !outside && !typeOnly);
      return [source.path, running.map(({ to }) => to)] as const;
    }),
  );
  const finished = new Set<string>();
  const breaches: Breach[] = [];
  const walk = (path: string, trail: string[]) => {
    if (trail.includes(path)) breaches.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
    if (trail.includes(path) || finished.has(path)) return;
    for (const to of imports.get(path) ?? []) walk(to, [...trail, path]);
    finished.add(path);
  };
  for (const path of imports.keys()) walk(path, []);
  return breaches;
}

function checkFronts(project: Project, rules: Rules): Breach[] {
  const used = new Set(under(project, 'src/').map(({ path }) => folderOf(path)));
  return rules.floors.flatMap(({ folder }) => {
    if (!used.has(folder) || !folder.endsWith('/') || rules.open.includes(folder)) return [];
    const text = project.tree.get(frontOf(folder));
    if (text === undefined) return [`${frontOf(folder)}: the front file is missing`];
    const missing = ['Hides', 'Promises', 'Never'].filter(
      (word) => !new RegExp(`^ \\*.*\\b${word}: `, 'm').test(text),
    );
    return missing.map((word) => `${frontOf(folder)}: its head comment does not say "${word}: …"`);
  });
}

function checkGuest(project: Project, { guestMayImport }: Rules): Breach[] {
  const isFine = (to: string, outside: boolean) =>
    to.startsWith(outside ? 'node:' : 'sandbox/') || guestMayImport.some((start) => to.startsWith(start));
  return under(project, 'sandbox/guest/').flatMap((source) =>
    source.imports
      .filter(({ to, outside }) => !isFine(to, outside))
      .map(({ to, line }) => `${source.path}:${line}: imports ${to}, which the guest may not`),
  );
}

function checkFolders(project: Project, { filesMax, open }: Rules): Breach[] {
  const counts = new Map<string, number>();
  for (const { path } of ours(project))
    counts.set(posix.dirname(path), (counts.get(posix.dirname(path)) ?? 0) + 1);
  return [...counts].flatMap(([folder, count]) => {
    const max = open.some((name) => folder === `src/${name}`.slice(0, -1)) ? filesMax.open : filesMax.other;
    return count > max ? [`${folder}/: ${count} files, the limit is ${max}`] : [];
  });
}

function checkTests(project: Project): Breach[] {
  const forbidden =
    /\bvi\.(mock|doMock|importMock|hoisted)\(|\b(test|it|describe|promise)\.(only|skip|todo)\(/;
  return under(project, 'test/')
    .filter(({ path }) => !path.startsWith('test/architecture'))
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, at) => {
        const found = forbidden.exec(line)?.[0];
        return found === undefined ? [] : [`${path}:${at + 1}: ${found}…)`];
      }),
    );
}

function ours(project: Project): Source[] {
  return [...under(project, 'src/'), ...under(project, 'sandbox/')];
}

function under({ sources }: Project, folder: string): Source[] {
  return sources.filter(({ path }) => path.startsWith(folder));
}

/** `src/disk/lock.ts` → `disk/`; `src/main.ts` → `main.ts`. */
function folderOf(path: string): string {
  const [, folder = '', rest] = path.split('/');
  return rest === undefined ? folder : `${folder}/`;
}

function frontOf(folder: string): string {
  return `src/${folder}${basename(folder)}.ts`;
}
