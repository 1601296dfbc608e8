import { expect, test } from 'vitest';
import { pathFromBytes, pathToBytes } from '../../src/base/path.ts';
import { nameWith } from '../../src/changes/names.ts';
import { parseOverlayMarks } from '../../src/changes/overlay-marks.ts';
import { orderSteps } from '../../src/changes/steps.ts';
import type { Change } from '../../src/formats/change-set.ts';

test.each([
  ['report.md', 1, 'report (deskhand 2026-11-24).md'],
  ['report.md', 2, 'report (deskhand 2026-11-24 2).md'],
  ['.profile', 1, '.profile (deskhand 2026-11-24)'],
  ['archive.tar.gz', 1, 'archive.tar (deskhand 2026-11-24).gz'],
  ['no ending', 3, 'no ending (deskhand 2026-11-24 3)'],
])('the name beside %s', (name, number, expected) => {
  expect(nameWith(name, 'deskhand 2026-11-24', number)).toBe(expected);
});

test('a name that would be too long is cut between characters', () => {
  const raw = pathFromBytes(Buffer.alloc(255, 0xff));
  for (const name of ['ü'.repeat(127), `${'ü'.repeat(120)}.markdown`, `a.${'x'.repeat(253)}`, raw]) {
    const beside = nameWith(name, 'deskhand 2026-11-24', 1);
    expect(pathToBytes(beside).length).toBeLessThanOrEqual(255);
    expect(pathToBytes(beside).length).toBeGreaterThan(250);
    expect(beside).toContain(' (deskhand 2026-11-24)');
    expect(beside).not.toContain('\uFFFD');
  }
});

test('an overlay whose data lies elsewhere is refused, not misread', () => {
  expect(parseOverlayMarks(Buffer.from('# file: a\nuser.overlay.opaque=0x79\n\n')).opaque).toEqual(
    new Set(['a']),
  );
  expect(() => parseOverlayMarks(Buffer.from('# file: a\nuser.overlay.metacopy=0x\n\n'))).toThrow(
    /can't be collected/,
  );
});

test('folders before what is in them, content before what is deleted, what must give way first', () => {
  const change = (act: Change['act'], kind: Change['kind'], path: string, from?: string): Change => ({
    path,
    act,
    kind,
    base: null,
    after: null,
    ...(from === undefined ? {} : { from }),
  });
  const changes = [
    change('delete', 'folder', 'd'),
    change('create', 'file', 'd'),
    change('delete', 'file', 'd/in'),
    change('create', 'folder', 'n'),
    change('rename', 'file', 'n/x', 'old/x'),
    change('delete', 'folder', 'old'),
  ];
  const steps = orderSteps(changes).map(({ does, index }) => `${does} ${changes[index]?.path}`);
  expect(steps).toEqual([
    'take d/in',
    'take d',
    'put n',
    'put d',
    'put n/x',
    'take n/x',
    'take old',
    'finish-folder n',
  ]);
});
