import { execFile } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Tool, type ToolResult, textResult } from '../../src/base/tool.ts';

/**
 * The six tools over a real folder, without any sandbox: for tests of what stands around a sandbox. They answer in the
 * form of the guest's tools as far as the computing model looks at it.
 */
export function plainTools(folder: string): Tool[] {
  const at = (input: Fields) => join(folder, String(input['file_path'] ?? input['path'] ?? '.'));
  return [
    tool('Bash', ['command'], async (input) => {
      const run = await promisify(execFile)('bash', ['-c', String(input['command'])], { cwd: folder }).catch(
        (failed: { stdout: string; stderr: string; code: number }) => failed,
      );
      return textResult(run.stdout + run.stderr, 'code' in run);
    }),
    tool('Read', ['file_path'], async (input) => {
      const lines = readFileSync(at(input), 'utf8').replace(/\n$/, '').split('\n');
      const first = Number(input['offset'] ?? 1);
      const page = lines.slice(first - 1, first - 1 + Number(input['limit'] ?? 2000));
      if (page.length === 0) return textResult(`There are ${lines.length} lines.`, true);
      return textResult(
        page.map((line, index) => `${String(first + index).padStart(6)}\t${line}`).join('\n'),
      );
    }),
    tool('Write', ['file_path', 'content'], async (input) => {
      mkdirSync(dirname(at(input)), { recursive: true });
      writeFileSync(at(input), String(input['content']));
      return textResult('Written.');
    }),
    tool('Edit', ['file_path', 'old_string', 'new_string'], async (input) => {
      const parts = readFileSync(at(input), 'utf8').split(String(input['old_string']));
      if (parts.length !== 2) return textResult(`It stands there ${parts.length - 1} times.`, true);
      writeFileSync(at(input), parts.join(String(input['new_string'])));
      return textResult('Edited.');
    }),
    tool('Glob', ['pattern'], async (input) =>
      textResult(globSync(String(input['pattern']), { cwd: folder }).join('\n')),
    ),
    tool('Grep', ['pattern'], async (input) => {
      const count = readFileSync(at(input), 'utf8').split(new RegExp(String(input['pattern']))).length - 1;
      return textResult(String(count));
    }),
  ];
}

type Fields = Record<string, unknown>;

function tool(name: string, required: string[], act: (input: Fields) => Promise<ToolResult>): Tool {
  const properties = Object.fromEntries(required.map((field) => [field, { type: 'string' }]));
  return {
    name,
    description: `${name} as Claude Code has it.`,
    effect: 'stage',
    inputSchema: { type: 'object', properties, required },
    run: (input) => act(input as Fields),
  };
}
