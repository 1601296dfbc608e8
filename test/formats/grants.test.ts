import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PersonError } from '../../src/base/errors.ts';
import { pathFromBytes } from '../../src/base/path.ts';
import { addGrant, type Grant, parseGrants, printGrants, removeGrant } from '../../src/formats/grants.ts';
import { promise } from '../promises.ts';

const sales: Grant = {
  id: 'sales-k3f9q2',
  path: '/home/me/My Sales, Folder: "a"',
  mode: 'read-write',
  added: '2026-11-24T08:00:00.000Z',
};
const odd: Grant = {
  id: 'odd',
  path: pathFromBytes(Buffer.from([0x2f, 0xff, 0x0a, 0x27])),
  mode: 'read-write',
  added: '2026-11-24T08:00:00.000Z',
};

describe('grants.yaml', () => {
  test('round trip, whatever the folders are called', () => {
    const path = fc
      .uint8Array({ minLength: 1, maxLength: 30 })
      .map((bytes) => pathFromBytes(Buffer.concat([Buffer.from('/'), bytes.filter((byte) => byte !== 0)])));
    const grants = fc
      .uniqueArray(path, { maxLength: 6 })
      .map((paths) => paths.map((one, index): Grant => ({ ...sales, id: `g${index}`, path: one })));
    fc.assert(
      fc.property(grants, (list) => {
        expect(parseGrants(printGrants(list))).toEqual({ grants: list, problems: [] });
        expect(parseGrants(list.reduce((text, grant) => addGrant(text, grant), ''))).toEqual({
          grants: list,
          problems: [],
        });
      }),
      { numRuns: 300 },
    );
  });

  test('a path that is no UTF-8 stands there as its bytes', () => {
    expect(printGrants([odd])).toContain('b64:');
  });

  test.each(['', '# none yet\n', 'grants:\n', 'grants: []\n', '---\n'])('empty: %j', (text) => {
    expect(parseGrants(text)).toEqual({ grants: [], problems: [] });
    const more = addGrant(text, sales);
    expect(parseGrants(more).grants).toEqual([sales]);
    if (text.includes('#')) expect(more).toContain('# none yet');
  });

  promise('formats.grants-kept', 'wrong entries are named, the others hold, comments survive', () => {
    const text = `# my folders
grants:
  # the team's folder
  - id: sales-k3f9q2
    path: '/home/me/My Sales, Folder: "a"'  # shared with six people
    mode: read-write
    added: 2026-11-24T08:00:00.000Z
    note: kept
  - path: relative
  - id: b
    path: /b
    mode: read-only
    added: 2026-11-24T08:00:00Z
  - nonsense
  - id: sales-k3f9q2
    path: /c
    mode: read-write
    added: 2026-11-24T08:00:00Z
other: 1
`;
    const read = parseGrants(text, '~/.deskhand/grants.yaml');
    expect(read.grants).toEqual([sales]);
    expect(read.problems.map(({ line }) => line)).toEqual([9, 10, 14, 15]);
    for (const problem of read.problems)
      expect(problem).toMatchObject({
        file: '~/.deskhand/grants.yaml',
        rule: expect.any(String),
        example: expect.any(String),
      });

    const more = addGrant(text, odd);
    expect(parseGrants(more).grants).toEqual([sales, odd]);
    for (const kept of [
      '# my folders',
      "# the team's folder",
      '# shared with six people',
      'note: kept',
      'nonsense',
      'other: 1',
    ])
      expect(more).toContain(kept);
    const less = removeGrant(more, 'odd');
    expect(parseGrants(less).grants).toEqual([sales]);
    for (const kept of ['# my folders', '# shared with six people', 'note: kept', 'nonsense', 'other: 1'])
      expect(less).toContain(kept);
    expect(parseGrants(removeGrant(text, sales.id)).grants).toEqual([]);
    expect(removeGrant('', 'x')).toBe('');
  });

  test.each(['grants: [', 'grants: 5', '- a', 'grants: {a: 1}', 'a: 1\na: 2'])(
    'a file that can’t be read is never written over: %j',
    (text) => {
      expect(parseGrants(text).problems.length).toBeGreaterThan(0);
      expect(() => addGrant(text, sales)).toThrow(PersonError);
      expect(() => removeGrant(text, 'x')).toThrow(PersonError);
    },
  );
});
