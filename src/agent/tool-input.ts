import { isRecord } from '../base/json-lines.ts';
import type { Tool } from '../base/tool.ts';

/**
 * What is wrong with the input of a call, in words that help the model to mend it; null when nothing is. Only names
 * and plain types are looked at here: the tool itself knows what its values mean.
 */
export function wrongInput(tool: Tool, input: unknown): string | null {
  if (!isRecord(input)) return `The input of ${tool.name} must be an object. ${inputs(tool)}`;
  const { properties, required } = tool.inputSchema;
  for (const name of Array.isArray(required) ? required : [])
    if (input[String(name)] === undefined) return `${tool.name} needs "${name}". ${inputs(tool)}`;
  for (const [name, schema] of Object.entries(isRecord(properties) ? properties : {})) {
    const type = isRecord(schema) ? schema['type'] : undefined;
    if (typeof type !== 'string' || input[name] === undefined || isOfType(input[name], type)) continue;
    return `"${name}" of ${tool.name} must be a value of type ${type}. ${inputs(tool)}`;
  }
  return null;
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'string':
    case 'boolean':
    case 'number':
      return typeof value === type;
    case 'integer':
      return Number.isInteger(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isRecord(value);
    default:
      return true;
  }
}

/** `Its inputs: command (string, needed), timeout (number).` */
function inputs(tool: Tool): string {
  const { properties, required } = tool.inputSchema;
  const needed = new Set(Array.isArray(required) ? required : []);
  const names = Object.entries(isRecord(properties) ? properties : {}).map(([name, schema]) => {
    const type = isRecord(schema) && typeof schema['type'] === 'string' ? schema['type'] : 'any';
    return `${name} (${type}${needed.has(name) ? ', needed' : ''})`;
  });
  return `Its inputs: ${names.join(', ') || 'none'}.`;
}
