import type { Floor, Rules } from './rules.ts';
import type { Project } from './source.ts';

/** Rules about the pages that describe the project: prose that nobody checks goes stale. */
export const pageRules: Readonly<Record<string, (project: Project, rules: Rules) => string[]>> = {
  "ARCHITECTURE.md shows the test's floors table": checkFloorsTable,
  'decisions are numbered without gaps, indexed, and their links resolve': checkDecisions,
  'each package is explained in a decision': checkPackages,
  'package-lock.json names no download addresses': checkLock,
  'README and ARCHITECTURE stay short': checkPageSizes,
  'the change log begins with what is unreleased': checkChangeLog,
};

function checkFloorsTable({ tree }: Project, { floors }: Rules): string[] {
  const shown = parseFloors(tree.get('ARCHITECTURE.md') ?? '').map(printFloor);
  const asked = floors.map(printFloor);
  return [
    ...asked.filter((row) => !shown.includes(row)).map((row) => `ARCHITECTURE.md: row missing: ${row}`),
    ...shown
      .filter((row) => !asked.includes(row))
      .map((row) => `ARCHITECTURE.md: row that the test does not have: ${row}`),
  ];
}

/** Rows such as ``| 2 | `disk/` | what it is for | `node:fs`, `node:sqlite` |``. */
export function parseFloors(page: string): Floor[] {
  const rows = page.matchAll(/^\| (\d+) \| `([^`]+)` \|[^|]*\|([^|]*)\|$/gm);
  return [...rows].map(([, floor, folder, owns]) => ({
    floor: Number(floor),
    folder: String(folder),
    owns: [...String(owns).matchAll(/`([^`]+)`/g)].map(([, name]) => String(name)),
  }));
}

function printFloor({ floor, folder, owns }: Floor): string {
  return `${floor} ${folder} ${[...owns].sort().join(', ')}`.trim();
}

function checkDecisions({ tree }: Project): string[] {
  const folder = 'docs/decisions/';
  const names = [...tree.keys()]
    .filter((path) => path.startsWith(folder))
    .map((path) => path.slice(folder.length));
  const numbered = names.filter((name) => /^\d{4}-[a-z0-9-]+\.md$/.test(name)).sort();
  const index = tree.get(`${folder}README.md`) ?? '';
  const links = names.flatMap((name) =>
    [...(tree.get(folder + name) ?? '').matchAll(/\]\((\d{4}-[^)]*)\)/g)].map(([, to]) => ({
      name,
      to: String(to),
    })),
  );
  return [
    ...names
      .filter((name) => name !== 'README.md' && !numbered.includes(name))
      .map((name) => `${folder}${name}: not NNNN-title.md`),
    ...numbered.flatMap((name, at) =>
      Number(name.slice(0, 4)) === at + 1 ? [] : [`${folder}${name}: number ${at + 1} was expected`],
    ),
    ...numbered
      .filter((name) => !index.includes(`](${name})`))
      .map((name) => `${folder}README.md: does not list ${name}`),
    ...links
      .filter(({ to }) => !numbered.includes(to))
      .map(({ name, to }) => `${folder}${name}: links to ${to}, which is not there`),
  ];
}

function checkPackages({ tree }: Project): string[] {
  const parsed: Partial<Record<string, Record<string, string>>> = JSON.parse(
    tree.get('package.json') ?? '{}',
  );
  const packages = ['dependencies', 'optionalDependencies', 'devDependencies'].flatMap((kind) =>
    Object.keys(parsed[kind] ?? {}),
  );
  const pages = [...tree].filter(([path]) => path.startsWith('docs/decisions/')).map(([, text]) => text);
  return packages
    .filter((name) => !pages.some((page) => page.includes(`\`${name}\``)))
    .map((name) => `package.json: ${name} is in no decision`);
}

/** Whoever installs may use a registry of their own; hashes say what is right. */
function checkLock({ tree }: Project): string[] {
  const line = (tree.get('package-lock.json') ?? '')
    .split('\n')
    .findIndex((text) => text.includes('"resolved"'));
  return line === -1
    ? []
    : [`package-lock.json:${line + 1}: has "resolved"; make it with omit-lockfile-registry-resolved`];
}

function checkPageSizes({ tree }: Project): string[] {
  return ['README.md', 'ARCHITECTURE.md'].flatMap((path) => {
    const lines = (tree.get(path) ?? '').split('\n').length - 1;
    if (lines === 0) return [`${path}: is missing`];
    return lines >= 200 ? [`${path}: ${lines} lines, it should stay under 200`] : [];
  });
}

function checkChangeLog({ tree }: Project): string[] {
  const first = /^## (.*)$/m.exec(tree.get('CHANGELOG.md') ?? '')?.[1];
  return first === 'Unreleased'
    ? []
    : [`CHANGELOG.md: its first section is "${first ?? ''}", not "Unreleased"`];
}
