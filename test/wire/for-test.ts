import { onTestFinished } from 'vitest';
import { type Script, startWire, type Wire } from './wire.ts';

/** A wire for the running test: closed at its end, where everything that it found wrong fails the test. */
export async function wireForTest(script: Script): Promise<Wire> {
  const wire = await startWire(script);
  onTestFinished(() => wire.close());
  return wire;
}

/** Answers with these replies, one a request; asking for more than there are is a mistake. */
export function inOrder(...replies: (ReturnType<Script> | Script)[]): Script {
  return (request) => {
    const reply = replies[request.n - 1];
    if (reply === undefined)
      throw new Error(`There are ${replies.length} replies, and this is request ${request.n}.`);
    return typeof reply === 'function' ? reply(request) : reply;
  };
}
