/** What a person reads while something is set up: plain lines on stderr, so that stdout stays free for data. */

const colourful = process.stderr.isTTY === true && process.env.NO_COLOR === undefined;

/** @param {string} text */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/** The start of a step, a little stronger than what follows it. @param {string} text */
export function sayStep(text) {
  say(colourful ? `\x1b[36m▸\x1b[0m ${text}` : `- ${text}`);
}

/** A refusal that a person must act on: thrown anywhere, shown in one place, without a stack. */
export class SetUpError extends Error {
  /** @param {string} message @param {number} exitCode */
  constructor(message, exitCode) {
    super(message);
    this.name = 'SetUpError';
    this.exitCode = exitCode;
  }
}

/** Runs a script's main function and turns what it throws into a message and an exit code. @param {() => number} main */
export function runMain(main) {
  try {
    process.exitCode = main();
  } catch (thrown) {
    if (!(thrown instanceof SetUpError)) throw thrown;
    say(thrown.message);
    process.exitCode = thrown.exitCode;
  }
}
