import { describe, expect, test } from 'vitest';
import { findFences } from '../../src/model/fences.ts';

function codes(text: string): string[] {
  return findFences(text).map((fence) => `${fence.language}:${fence.code}`);
}

const found: [string, string, string[]][] = [
  ['backticks', '```sh\nls\n```\n', ['sh:ls\n']],
  ['tildes', '~~~python\nx = 1\n~~~\n', ['python:x = 1\n']],
  ['more of them, with fewer inside', '````sh\ncat <<E\n```\nE\n````', ['sh:cat <<E\n```\nE\n']],
  ['closed by more than it was opened with', '```sh\nls\n`````\n', ['sh:ls\n']],
  ['tildes inside backticks', '```sh\n~~~\n```', ['sh:~~~\n']],
  ['a word after the language', '```Python title="x"\n1\n```', ['python:1\n']],
  ['a space before the language', '``` sh\nls\n```', ['sh:ls\n']],
  ['indented, its code less so', '   ```sh\n   ls\n  pwd\n      id\n   ```', ['sh:ls\npwd\n   id\n']],
  ['Windows line ends', '```sh\r\nls\r\npwd\r\n```\r\n', ['sh:ls\npwd\n']],
  ['in a list', '- first:\n\n  ```sh\n  ls\n  ```\n- second', ['sh:ls\n']],
  ['in a numbered list, deep', '10. first\n\n    ```sh\n    ls\n    ```\n', ['sh:ls\n']],
  ['in a list in a list', '- a\n  - b\n    ```sh\n    ls\n    ```\n', ['sh:ls\n']],
  ['after a list that has ended', '- a\n\ntext\n\n```sh\nls\n```\n', ['sh:ls\n']],
  ['one after the other', '```sh\na\n```\n```sh\nb\n```\n', ['sh:a\n', 'sh:b\n']],
  ['an empty one', '```sh\n```\n', ['sh:']],
  ['a line of spaces within', '```sh\na\n   \nb\n```', ['sh:a\n   \nb\n']],
];
describe.each(found)('%s', (_, text, expected) => {
  test('is found', () => expect(codes(text)).toEqual(expected));
});

const missed: [string, string][] = [
  ['a fence in a line of text', 'Use ```sh ls``` here.'],
  ['backticks in what follows the fence', '``` sh `x`\nls\n'],
  ['two backticks', '``\nls\n``'],
  ['what is indented as code', '    ```sh\n    rm -rf .\n    ```\n'],
  ['what is indented as code in a list', '- a\n\n      ```sh\n      rm -rf .\n      ```\n'],
  [
    'what is indented as code after a list that has ended',
    '- a\n\ntext\n\n    ```sh\n    rm -rf .\n    ```\n',
  ],
  ['what is quoted', '> ```sh\n> rm -rf .\n> ```\n'],
  ['what is commented out', '<!--\n```sh\nrm -rf .\n```\n-->\n'],
  ['what is commented out from the middle of the line', '<!-- not now\n\n```sh\nrm -rf .\n```\n\n-->\n'],
  ['what stands in a pre element', '<pre>\n```sh\nrm -rf .\n```\n</pre>\n'],
];
describe.each(missed)('%s', (_, text) => {
  test('is no block', () => expect(codes(text)).toEqual([]));
});

test('after a comment that ends, blocks are found again', () => {
  expect(codes('<!-- one line -->\n```sh\na\n```\n<!--\n-->\n```sh\nb\n```')).toEqual(['sh:a\n', 'sh:b\n']);
});

test('lines are counted from 1, and a block that is never closed says so', () => {
  expect(findFences('Text\n\n```sh\nls\n')).toEqual([
    { language: 'sh', code: 'ls\n\n', line: 3, closed: false },
  ]);
});
