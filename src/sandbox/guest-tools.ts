import type { ToolSpec } from '../base/tool.ts';

const path = { type: 'string', description: 'Relative to the folder, or absolute' };

/**
 * The tools of the guest as a model is told about them. Names and inputs are Claude Code's, since models know them.
 * Every request carries these words, so each one must earn its place.
 */
export const guestTools: readonly ToolSpec[] = [
  {
    name: 'Bash',
    description:
      'Run a command in a lasting bash shell that starts in the folder; working directory, variables and functions last from call to call. stdin is empty, there is no terminal and no network. stdout and stderr come back together; of long output the head and tail, and the name of a file with all of it. A command left running with & or run_in_background goes on after the call. Prefer Read, Glob and Grep to cat, find and grep.',
    inputSchema: object(
      {
        command: { type: 'string' },
        timeout: { type: 'integer', description: 'Milliseconds, 120000 by default, at most 600000' },
        description: { type: 'string', description: 'What it does, in 5-10 words' },
        run_in_background: { type: 'boolean' },
      },
      ['command'],
    ),
    effect: 'stage',
  },
  {
    name: 'Read',
    description:
      'Read a text file, its lines numbered as by cat -n, or see an image (PNG, JPEG, GIF, WebP). At most 2000 lines at a time; use offset and limit for more.',
    inputSchema: object(
      {
        file_path: path,
        offset: { type: 'integer', description: 'First line, from 1' },
        limit: { type: 'integer', description: 'Number of lines' },
      },
      ['file_path'],
    ),
    effect: 'none',
  },
  {
    name: 'Write',
    description:
      'Create a file, or replace one as a whole. Missing folders are made. Use Edit to alter a part.',
    inputSchema: object({ file_path: path, content: { type: 'string' } }, ['file_path', 'content']),
    effect: 'stage',
  },
  {
    name: 'Edit',
    description:
      'Replace exact text in a file. old_string must stand in it exactly once, white space included and without line numbers; add lines around it to make it unique, or set replace_all.',
    inputSchema: object(
      {
        file_path: path,
        old_string: { type: 'string' },
        new_string: { type: 'string' },
        replace_all: { type: 'boolean' },
      },
      ['file_path', 'old_string', 'new_string'],
    ),
    effect: 'stage',
  },
  {
    name: 'Glob',
    description: 'Find files by name, newest first: **/*.csv, inbox/*.{pdf,docx}. At most 100.',
    inputSchema: object(
      { pattern: { type: 'string' }, path: { type: 'string', description: 'Folder to look in' } },
      ['pattern'],
    ),
    effect: 'none',
  },
  {
    name: 'Grep',
    description: 'Search the text of files with a regular expression (as ripgrep).',
    inputSchema: object(
      {
        pattern: { type: 'string' },
        path: { type: 'string', description: 'File or folder' },
        glob: { type: 'string', description: 'Only files like *.md' },
        type: { type: 'string', description: 'Only this kind: py, js, csv, md' },
        output_mode: {
          enum: ['files_with_matches', 'content', 'count'],
          description: 'files_with_matches by default',
        },
        '-i': { type: 'boolean', description: 'Ignore case' },
        '-n': { type: 'boolean', description: 'Line numbers, on by default' },
        '-A': { type: 'integer', description: 'Lines after' },
        '-B': { type: 'integer', description: 'Lines before' },
        '-C': { type: 'integer', description: 'Lines around' },
        head_limit: { type: 'integer', description: 'At most so many results' },
        multiline: { type: 'boolean', description: 'Let . and the pattern span lines' },
      },
      ['pattern'],
    ),
    effect: 'none',
  },
];

function object(properties: Record<string, unknown>, required: string[]): Record<string, unknown> {
  return { type: 'object', properties, required };
}
