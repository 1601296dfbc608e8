import fc from 'fast-check';

/** Random trees and edits, as bash scripts, over few names, so that edits meet. */
export interface Edit {
  does: 'write' | 'append' | 'remove' | 'folder' | 'move' | 'link' | 'mode' | 'replace' | 'touch' | 'remake';
  a: string;
  b: string;
  text: string;
}

/** Spaces, commas, colons, quotes, newlines, a leading dash, bytes that are no UTF-8. */
const names = [
  "'plain.md'",
  "'two words.txt'",
  "'a,b:c'",
  "$'q\"u\\'o'",
  "$'new\\nline'",
  "'-dash'",
  "$'\\xff\\xfe.bin'",
  "'ü'",
];
const shapes = fc.constantFrom(...names);
const path = fc
  .tuple(fc.constantFrom('', '', 'd1/', "d1/'d 2'/", "$'d\\x80'/"), shapes)
  .map(([folder, name]) => `./${folder}${name}`);
const anyPlace = fc.oneof(
  { weight: 6, arbitrary: path },
  { weight: 1, arbitrary: fc.constantFrom('./d1', "./d1/'d 2'", "./$'d\\x80'") },
);

export function editsBy(who: string, most: number): fc.Arbitrary<Edit[]> {
  const edit = fc.record({
    does: fc.constantFrom<Edit['does']>(
      'write',
      'append',
      'remove',
      'folder',
      'move',
      'link',
      'mode',
      'replace',
      'touch',
      'remake',
    ),
    a: anyPlace,
    b: anyPlace,
    text: fc.integer({ min: 0, max: 6 }).map(String),
  });
  return fc.array(edit, { maxLength: most }).map((edits) =>
    edits.map((one, index) => ({
      ...one,
      text: one.text === '0' ? '' : `${who} ${one.text === '1' ? 'same' : index}`,
    })),
  );
}

/** Each edit may fail (a folder in the way, nothing there): that is no matter. */
export function scriptOf(edits: Edit[]): string {
  return edits.map((edit) => `{ ${lineOf(edit)} ; } 2>/dev/null || true`).join('\n');
}

function lineOf({ does, a, b, text }: Edit): string {
  switch (does) {
    case 'write':
      return `mkdir -p "$(dirname -- ${a})"; printf %s '${text}' > ${a}`;
    case 'append':
      return `[ -f ${a} ] && printf %s '+${text}' >> ${a}`;
    case 'remove':
      return `rm -rf -- ${a}`;
    case 'folder':
      return `mkdir -p -- ${a}`;
    case 'move':
      return `mv -fT -- ${a} ${b}`;
    case 'link':
      return `ln -s -- plain.md ${a}`;
    case 'mode':
      return `[ ! -L ${a} ] && chmod ${text.length % 2 ? 750 : 640} -- ${a} && [ ! -d ${a} ] || chmod 755 -- ${a}`;
    case 'replace':
      return `[ -f ${a} ] && printf %s '${text}' > ${a}.new && mv -fT -- ${a}.new ${a}`;
    case 'touch':
      return `touch -- ${a}`;
    case 'remake':
      return `[ -d ${a} ] && rm -rf -- ${a} && mkdir ${a} && printf %s '${text}' > ${a}/plain.md`;
  }
}
