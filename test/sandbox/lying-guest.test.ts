import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, onTestFinished, test, vi } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import { GuestChannel } from '../../src/sandbox/guest-channel.ts';
import { type Session, startSession } from '../../src/sandbox/sandbox.ts';
import { promise } from '../promises.ts';
import { callerOf, newPlace, processesWith } from './place.ts';

/** A session over a guest that breaks the protocol in the given way. */
function lie(how: string): Session {
  return lieIn(how).session;
}

function lieIn(how: string): { session: Session; folder: string } {
  const spec = newPlace();
  writeFileSync(join(spec.folder, 'how'), how);
  const guest = join(import.meta.dirname, 'fixtures/lying-guest.mjs');
  const session = startSession({ ...spec, assets: { ...spec.assets, guest } });
  onTestFinished(() => session.stop());
  return { session, folder: spec.folder };
}

promise(
  'sandbox.guest-not-trusted',
  'a guest that lies before it greets is refused with the reason',
  async () => {
    const reasons: Record<string, RegExp> = {
      'other-protocol': /broke the protocol \(protocol 99\)/,
      'hello-twice': /^$/,
      'answer-first': /broke the protocol \(an answer that nobody asked for\)/,
      'not-json': /broke the protocol \(a line that is no message\)/,
      'unknown-type': /broke the protocol \(a line that is no message\)/,
      'failed-start': /could not begin: the disk is full/,
      dies: /ended by itself \(exit code 7\)/,
      'long-line': /broke the protocol \(a line that is too long\)/,
    };
    for (const [how, reason] of Object.entries(reasons)) {
      const session = lie(how);
      const ready = await session.ready;
      if (how === 'hello-twice') {
        expect(await session.ended).toMatch(/a second greeting/);
        continue;
      }
      expect({ how, ...ready }).toMatchObject({ how, ok: false, reason: expect.stringMatching(reason) });
      expect(await session.ended).toMatch(reason);
      expect(await callerOf(session)('Bash', { command: 'true' })).toMatchObject({ isError: true });
    }
  },
);

promise(
  'sandbox.guest-not-trusted',
  'one that lies in an answer ends its run; every call is answered with the reason',
  async () => {
    const reasons: Record<string, RegExp> = {
      'wrong-id': /an answer that nobody asked for/,
      'wrong-content': /a line that is no message/,
      'more-fields': /a line that is no message/,
      'no-image': /a line that is no message/,
      'dies-in-call': /ended by itself \(exit code 9\)/,
      'flood-answers': /an answer that nobody asked for/,
    };
    for (const [how, reason] of Object.entries(reasons)) {
      const { session, folder } = lieIn(how);
      const call = callerOf(session);
      const answers = await Promise.all([
        call('Read', { file_path: 'a' }),
        call('Bash', { command: 'b' }),
        call('Glob', {}),
      ]);
      for (const answer of answers) {
        expect({ how, ...answer }).toMatchObject({ how, isError: true, text: expect.stringMatching(reason) });
      }
      expect((await call('Read', {})).text).toMatch(reason);
      await expect.poll(() => processesWith(folder)).toEqual([]);
    }
  },
);

promise(
  'sandbox.guest-not-trusted',
  'a second answer ends the run, though the first one counts',
  async () => {
    const session = lie('answer-twice');
    expect((await callerOf(session)('Read', {})).text).toBe('fine');
    expect(await session.ended).toMatch(/an answer that nobody asked for/);
  },
);

promise(
  'sandbox.guest-not-trusted',
  'too much text is cut, and halves of characters never reach a request',
  async () => {
    const { text } = await callerOf(lie('too-much-text'))('Read', {});
    expect(text.length).toBeLessThan(limits.toolResultCharsMax + 5_000);
    expect(text).toMatch(/y\n\[cut: too long\]$/);
    expect(text.isWellFormed()).toBe(true);
  },
);

test('answers may come in any pieces, beside any noise on the error channel', async () => {
  expect((await callerOf(lie('pieces'))('Read', {})).text).toBe('ü€');
  expect((await callerOf(lie('flood-errors'))('Read', {})).text).toBe('fine');
});

promise('sandbox.guest-not-trusted', 'one that ignores a cancelled call is ended', async () => {
  const session = lie('ignores-cancel');
  await session.ready;
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 50);
  const began = performance.now();
  expect((await callerOf(session)('Read', {}, controller.signal)).text).toMatch(/did not answer in time/);
  expect(performance.now() - began).toBeLessThan(limits.stopGraceMs + 1_500);
});

promise(
  'sandbox.guest-not-trusted',
  'one that stalls is ended when the call and some grace are over',
  async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const channel = new GuestChannel(new PassThrough(), new PassThrough());
    const signal = new AbortController().signal;
    const call = channel.call({ tool: 'Read', input: {} }, { signal, stallMs: 5_000 });
    await vi.advanceTimersByTimeAsync(4_999);
    let isOver = false;
    void channel.ended.then(() => {
      isOver = true;
    });
    await vi.advanceTimersByTimeAsync(0);
    expect(isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect((await call).content).toMatchObject([
      { text: expect.stringMatching(/did not answer in time \(Read\)/) },
    ]);
  },
);
