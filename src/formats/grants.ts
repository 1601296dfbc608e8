import { Document, isMap, isSeq, parseDocument, type YAMLSeq } from 'yaml';
import { z } from 'zod';
import { PersonError, type Problem } from '../base/errors.ts';
import { isRecord } from '../base/json-lines.ts';
import { type Path, pathFromJson, pathToJson } from '../base/path.ts';
import { showValue, withLine } from './fields.ts';
import { readYaml } from './yaml-text.ts';

/**
 * grants.yaml: the folders that the owner of this machine has granted. One wrong entry is named and left out, and
 * never takes the others with it. Writing keeps what a person wrote in the file, comments included.
 */
export interface Grant {
  /** Short name, also of its folder in DESKHAND_HOME/folders/. */
  id: string;
  /** Absolute. */
  path: Path;
  mode: 'read-write';
  /** ISO time. */
  added: string;
}

export interface GrantsReading {
  grants: Grant[];
  problems: Problem[];
}

export function parseGrants(text: string, file = 'grants.yaml'): GrantsReading {
  const yaml = readYaml(text);
  if (yaml.problems.length > 0)
    return { grants: [], problems: yaml.problems.map((problem) => ({ ...problem, file })) };
  if (yaml.value === null) return { grants: [], problems: [] };
  const list = isRecord(yaml.value) ? yaml.value['grants'] : undefined;
  if (list === null) return { grants: [], problems: [] };
  if (!Array.isArray(list)) {
    return {
      grants: [],
      problems: [{ what: 'The file holds no list called `grants`.', file, line: 1, rule, example }],
    };
  }
  const grants: Grant[] = [];
  const problems: Problem[] = [];
  for (const [index, entry] of list.entries()) {
    const line = yaml.keyLine(`grants.${index}`);
    const grant = grantSchema.safeParse(entry);
    if (grant.success) {
      const whole = { ...grant.data, path: pathFromJson(grant.data.path) };
      const twin = grants.find((other) => other.id === whole.id || other.path === whole.path);
      if (twin === undefined) grants.push(whole);
      else
        problems.push(
          withLine(
            {
              what: `The entry ${showValue(whole.id)} is there twice, by its id or its path.`,
              file,
              rule,
              example,
            },
            line,
          ),
        );
    } else {
      const at = grant.error.issues[0]?.path.map(String).join('.') || 'entry';
      problems.push(
        withLine(
          { what: `This entry is left out: its \`${at}\` is missing or wrong.`, file, rule, example },
          line,
        ),
      );
    }
  }
  return { grants, problems };
}

export function printGrants(grants: readonly Grant[]): string {
  return `${head}${new Document({ grants: grants.map(entryOf) }).toString({ lineWidth: 0 })}`;
}

/** The file with one more entry, everything else in it as it was. A file that can't be read is never written over. */
export function addGrant(text: string, grant: Grant, file = 'grants.yaml'): string {
  if (text.trim() === '') return printGrants([grant]);
  const { doc, list } = openList(text, file);
  list.flow = false;
  list.add(doc.createNode(entryOf(grant)));
  return doc.toString({ lineWidth: 0 });
}

/** The file without the entry of that id; a comment that stands above it goes with it. */
export function removeGrant(text: string, id: string, file = 'grants.yaml'): string {
  if (text.trim() === '') return text;
  const { doc, list } = openList(text, file);
  list.items = list.items.filter((item) => !(isMap(item) && item.get('id') === id));
  return doc.toString({ lineWidth: 0 });
}

function openList(text: string, file: string): { doc: Document; list: YAMLSeq } {
  const problems = readYaml(text).problems;
  if (problems.length > 0) throw new PersonError(problems.map((problem) => ({ ...problem, file })));
  const doc: Document = parseDocument(text, { schema: 'core', version: '1.2' });
  if (doc.toJS() === null) doc.contents = doc.createNode({});
  const list: unknown = isMap(doc.contents) ? (doc.get('grants') ?? []) : null;
  if (isSeq(list)) return { doc, list };
  if (!Array.isArray(list)) {
    throw new PersonError({ what: 'The file holds no list called `grants`.', file, line: 1, rule, example });
  }
  const fresh = doc.createNode(list);
  doc.set('grants', fresh);
  return { doc, list: fresh };
}

const head =
  '# Folders that deskhand may work in. `deskhand grant` and `deskhand revoke` write here; you may too.\n';
const rule = 'each entry has id, path (absolute), mode: read-write and added (a time)';
const example =
  'grants:\n  - id: sales-k3f9q2\n    path: /home/me/Sales\n    mode: read-write\n    added: 2026-11-24T08:00:00.000Z';

const absolute = z.string().regex(/^\/[^\u0000]*$/);
const grantSchema = z.object({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,79}$/),
  path: z.union([
    absolute,
    z.object({ b64: z.base64().min(1) }).refine((raw) => pathFromJson(raw).startsWith('/')),
  ]),
  mode: z.literal('read-write'),
  added: z.iso.datetime({ offset: true }),
});

function entryOf(grant: Grant): Record<string, unknown> {
  return { id: grant.id, path: pathToJson(grant.path), mode: grant.mode, added: grant.added };
}
