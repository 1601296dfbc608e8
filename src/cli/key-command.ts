import { PersonError } from '../base/errors.ts';
import { readKey, removeKey, writeKey } from '../home/home.ts';
import type { ActInput } from './act.ts';
import { openHome } from './wiring.ts';

/** The key never stands in an argument: those are seen by everyone on the machine and kept in shell histories. */
export async function key({ output, wiring, args }: ActInput): Promise<number> {
  const home = openHome(wiring);
  const act = args[0];
  if (act === 'set') {
    if (process.stdin.isTTY) output.talk('Paste the API key, then Enter:');
    const text = await readHiddenLine();
    if (text === '')
      throw new PersonError({
        what: 'no key was given',
        rule: 'the key is read from standard input',
        example: 'deskhand key set < key.txt',
      });
    output.talk(`The key is kept in ${await writeKey(home.folder, text)}.`);
    return 0;
  }
  if (act === 'remove') {
    await removeKey(home.folder);
    output.talk('The key that deskhand kept is removed. A key in the environment is not touched.');
    return 0;
  }
  if (act === 'show') {
    const known = await readKey(home.folder, wiring.environment);
    output.data(
      { from: known?.from ?? null },
      known === null ? 'There is no key: deskhand key set' : `The key comes from ${known.from}.`,
    );
    return known === null ? 1 : 0;
  }
  throw new PersonError({
    what: `\`key ${act ?? ''}\` is not known`,
    rule: 'key takes set, remove or show',
    example: 'deskhand key set',
  });
}

/** One line from standard input; on a terminal without showing it. */
async function readHiddenLine(): Promise<string> {
  const { stdin } = process;
  stdin.setEncoding('utf8');
  if (stdin.isTTY) stdin.setRawMode(true);
  let text = '';
  try {
    for await (const chunk of stdin) {
      text += String(chunk);
      if (/[\r\n\u0003\u0004]/.test(text)) break;
    }
  } finally {
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.pause();
  }
  return text.includes('\u0003') ? '' : (text.split(/[\r\n\u0004]/)[0] ?? '').trim();
}
