import { type Problem, printProblem } from '../base/errors.ts';
import { printJsonLine } from '../base/json-lines.ts';

/** Where a command's words go: data on stdout, talk on stderr. With --json each piece of data is one object a line. */
export interface Output {
  isJson: boolean;
  /** Someone watches stderr on a terminal. */
  isLive: boolean;
  /** One piece of data: the object for programs, the text for people. */
  data: (value: unknown, text: string) => void;
  /** Bytes as they are. */
  raw: (text: string) => void;
  talk: (text: string) => void;
  /** Writes over the current line of the terminal; only when isLive. */
  live: (text: string) => void;
  problems: (problems: Problem[]) => void;
}

export function openOutput(isJson: boolean): Output {
  const { stdout, stderr } = process;
  const isLive = stderr.isTTY === true;
  let liveLength = 0;
  const clear = () => {
    if (liveLength > 0) stderr.write('\r\u001b[K');
    liveLength = 0;
  };
  const talk = (text: string) => {
    clear();
    stderr.write(`${text}\n`);
  };
  return {
    isJson,
    isLive,
    data: (value, text) => {
      clear();
      stdout.write(isJson ? printJsonLine(value) : `${text}\n`);
    },
    raw: (text) => stdout.write(text),
    talk,
    live: (text) => {
      const line = text.slice(0, Math.max(20, (stderr.columns ?? 80) - 1));
      stderr.write(`\r\u001b[K${line}`);
      liveLength = line.length;
    },
    problems: (problems) => talk(problems.map(printProblem).join('\n')),
  };
}
