import type Anthropic from '@anthropic-ai/sdk';
import type { Message, ModelRequest } from '../base/model.ts';
import type { ModelSettings } from './model.ts';

/**
 * A request as the Messages API wants it. The markers that tell the server what to keep in its cache are put on here
 * and are never stored, so that the stored messages stay the same bytes from request to request: tools, system and
 * messages of one request are then the beginning of the next one, and the server reads them from its cache.
 */
export function requestBody(
  model: string,
  request: ModelRequest,
  settings: ModelSettings,
): Anthropic.MessageStreamParams {
  const body = {
    model,
    max_tokens: request.maxTokens,
    ...(settings.thinking === undefined ? {} : { thinking: { type: settings.thinking } }),
    ...(settings.effort === undefined ? {} : { output_config: { effort: settings.effort } }),
    ...(request.tools.length === 0
      ? {}
      : {
          tools: request.tools.map((tool) => ({
            name: tool.name,
            description: tool.description,
            input_schema: tool.inputSchema,
          })),
        }),
    ...(request.system === ''
      ? {}
      : { system: [{ type: 'text', text: request.system, cache_control: cacheMarker }] }),
    messages: withCacheMarkers(request.messages),
  };
  // Blocks that a later model may send go back as they came; the library's types know only today's.
  return body as unknown as Anthropic.MessageStreamParams;
}

const cacheMarker = { type: 'ephemeral' } as const;

/**
 * Marks the ends of the last two user messages: the last is what the next request will begin with, the one before is
 * where this request's own beginning was marked. A server looks back only some 20 blocks from a marker, and one turn
 * can have more tool results than that.
 */
function withCacheMarkers(messages: Message[]): unknown[] {
  const users = messages.flatMap((message, at) => (message.role === 'user' ? [at] : []));
  const marked = new Set(users.slice(-2));
  return messages.map((message, at) => (marked.has(at) ? withMarkedEnd(message) : message));
}

function withMarkedEnd(message: Message): unknown {
  const last = message.content.at(-1);
  if (last === undefined) return message;
  return { ...message, content: [...message.content.slice(0, -1), { ...last, cache_control: cacheMarker }] };
}
