import { expect } from 'vitest';
import { openDesk, type TestDesk } from '../desk.ts';
import { promise } from '../promises.ts';
import { wireForTest } from '../wire/for-test.ts';
import { call, say, text } from '../wire/reply.ts';

promise(
  'main.journalled-first',
  'each turn is in the ledger before its tools run, and the claim before anything is sent',
  async () => {
    let desk: TestDesk | undefined;
    const seen: string[][] = [];
    const wire = await wireForTest(({ n }) => {
      seen.push((desk?.ledger() ?? []).map(({ type }) => type));
      return n <= 3 ? say(call('Bash', { command: 'sleep 0.2; echo x >> x.txt' })) : say(text('Done.'));
    });
    desk = await openDesk({ wireUrl: wire.url, files: { 'tasks/a.md': 'Do it.' } });
    const running = desk.run('once');
    // While the first command sleeps, its turn stands in the ledger and is not settled.
    let whileItRan: string[] = [];
    while (!whileItRan.includes('turn-received')) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      whileItRan = desk.ledger().map(({ type }) => type);
    }
    expect(whileItRan).not.toContain('turn-settled');
    expect((await running).code).toBe(0);
    expect(seen[0]).toEqual(expect.arrayContaining(['run-claimed', 'run-started']));
    for (const [at, types] of seen.entries()) {
      expect(types.filter((type) => type === 'turn-received')).toHaveLength(at);
    }
    expect(desk.read('x.txt')).toBe('x\nx\nx\n');
  },
);
