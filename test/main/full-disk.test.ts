import { spawn } from 'node:child_process';
import { expect } from 'vitest';
import { bin, finish, openDesk } from '../desk.ts';
import { promise } from '../promises.ts';

/**
 * Puts DESKHAND_HOME on a small disk of its own in a mount namespace of its own, fills it up but for some bytes, lets
 * deskhand work, makes room again, and lets it work once more.
 */
const script = `
set -u
mount -t tmpfs -o size=600k,nr_inodes=400 tmpfs "$DESKHAND_HOME"
echo 'settleMs: 100' > "$DESKHAND_HOME/settings.yaml"
deskhand() { "$NODE" "$BIN" "$@"; }
deskhand grant "$FOLDER" 2>/dev/null
deskhand once >/dev/null 2>&1
mkdir -p "$FOLDER/tasks"
printf -- '---\\nmodel: runbook\\n---\\n\`\`\`sh\\necho new > new.txt; echo changed > old.txt\\n\`\`\`\\n' > "$FOLDER/tasks/a.md"
free=$(df --output=avail -B1 "$DESKHAND_HOME" | tail -1)
head -c $((free - LEFT)) /dev/zero > "$DESKHAND_HOME/filler"
deskhand once; echo "full: $?"
echo "old is $(cat "$FOLDER/old.txt")"
rm "$DESKHAND_HOME/filler"
deskhand once; echo "room: $?"
deskhand run "$FOLDER" --again tasks/a.md > /dev/null; echo "again: $?"
deskhand verify; echo "verify: $?"
cat "$FOLDER/new.txt" "$FOLDER/old.txt"
`;

promise(
  'main.full-disk',
  'with any number of bytes left for DESKHAND_HOME, nothing is lost and the next start goes on',
  async () => {
    for (const left of [0, 4_096, 12_288, 24_576, 49_152]) {
      const desk = await openDesk({ files: { 'old.txt': 'old\n' } });
      const env = { ...desk.env, FOLDER: desk.folder, NODE: process.execPath, BIN: bin, LEFT: String(left) };
      const args = ['--user', '--map-root-user', '--mount', 'bash', '-c', script];
      const ran = await finish(spawn('unshare', args, { env, stdio: ['ignore', 'pipe', 'pipe'] }));
      const told = `${left} bytes left:\n${ran.stdout}\n${ran.stderr}`;
      expect(ran.stderr, told).not.toContain('has a bug');
      expect(ran.stdout, told).toMatch(/old is (old|changed)\n/);
      expect(ran.stdout, told).toMatch(/again: 0\nverify: 0\nnew\nchanged\n$/);
    }
  },
  120_000,
);
