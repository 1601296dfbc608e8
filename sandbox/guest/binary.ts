import { type Path, printPath } from '../../src/base/path.ts';
import { showPath } from './place.ts';
import { findProgram } from './programs.ts';

interface Kind {
  name: string;
  is: (head: Buffer, path: Path) => boolean;
  /** Programs that read it, best first, as one would call them; FILE stands for the path. */
  readers: string[];
}

const zip = (head: Buffer) => head.subarray(0, 4).toString('hex') === '504b0304';
const named = (path: Path, endings: RegExp) => endings.test(path);

const kinds: Kind[] = [
  {
    name: 'a PDF',
    is: (head) => head.subarray(0, 5).toString('latin1') === '%PDF-',
    readers: ['pdftotext -layout FILE -', 'mutool draw -F txt FILE', 'pdftk FILE dump_data'],
  },
  {
    name: 'a Word document',
    is: (head, path) => zip(head) && named(path, /\.(docx|docm|odt)$/i),
    readers: [
      'pandoc -t markdown FILE',
      'soffice --headless --convert-to txt --outdir /tmp FILE',
      'unzip -p FILE word/document.xml',
    ],
  },
  {
    name: 'a spreadsheet',
    is: (head, path) => zip(head) && named(path, /\.(xlsx|xlsm|ods)$/i),
    readers: [
      'soffice --headless --convert-to csv --outdir /tmp FILE',
      'xlsx2csv FILE',
      'unzip -p FILE xl/sharedStrings.xml',
      'python3 -m zipfile -l FILE',
    ],
  },
  {
    name: 'a presentation',
    is: (head, path) => zip(head) && named(path, /\.(pptx|pptm|odp)$/i),
    readers: [
      'soffice --headless --convert-to pdf --outdir /tmp FILE',
      'unzip -l FILE',
      'python3 -m zipfile -l FILE',
    ],
  },
  { name: 'a zip archive', is: zip, readers: ['unzip -l FILE', 'python3 -m zipfile -l FILE'] },
  {
    name: 'an old Office file',
    is: (head) => head.subarray(0, 8).toString('hex') === 'd0cf11e0a1b11ae1',
    readers: [
      'soffice --headless --convert-to txt --outdir /tmp FILE',
      'antiword FILE',
      'catdoc FILE',
      'xls2csv FILE',
    ],
  },
  {
    name: 'compressed with gzip',
    is: (head) => head[0] === 0x1f && head[1] === 0x8b,
    readers: ['zcat FILE', 'python3 -m gzip -d FILE'],
  },
  {
    name: 'an SQLite database',
    is: (head) => head.toString('latin1', 0, 15) === 'SQLite format 3',
    readers: ['sqlite3 FILE .schema', 'python3 -m sqlite3 FILE .schema'],
  },
];

/** What a file is that is no text, and which program of this sandbox could read it. */
export function describeBinary(path: Path, head: Buffer, size: number): string {
  const kind = kinds.find((candidate) => candidate.is(head, path));
  const readers = kind?.readers ?? ['file FILE', 'xxd FILE | head', 'od -c FILE | head'];
  const reader = readers.find((call) => findProgram(call.split(' ')[0] ?? '') !== null);
  const shown = showPath(path);
  const what = `${shown} is ${kind?.name ?? 'no text'} (${size} bytes).`;
  if (reader === undefined) return `${what} No program for it was found here; python3 or node may read it.`;
  return `${what} Try Bash: ${reader.replace('FILE', () => quote(printPath(path)))}`;
}

function quote(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
