import type { AssistantMessage, Message, TextBlock, ToolUseBlock, UserMessage } from '../base/model.ts';

/**
 * The messages of a run. They only ever grow at their end, and roles take turns: what is said twice in a row by the
 * same side becomes one message. None of these alters a message that was given out before.
 */

export function withReply(messages: Message[], content: AssistantMessage['content']): Message[] {
  const last = messages.at(-1);
  if (last?.role === 'assistant')
    return [...messages.slice(0, -1), { ...last, content: [...last.content, ...content] }];
  return [...messages, { role: 'assistant', content }];
}

export function withUser(messages: Message[], content: UserMessage['content']): Message[] {
  const last = messages.at(-1);
  if (last?.role === 'user')
    return [...messages.slice(0, -1), { ...last, content: [...last.content, ...content] }];
  return [...messages, { role: 'user', content }];
}

/** A reply as it may be sent back: servers refuse texts of nothing, though models write them. */
export function withoutEmptyTexts(content: AssistantMessage['content']): AssistantMessage['content'] {
  return content.filter((block) => !isText(block) || block.text.trim() !== '');
}

/** True when the reply says or does something: thinking alone can't stand as a message. */
export function isSubstantial(content: AssistantMessage['content']): boolean {
  return content.some((block) => !block.type.endsWith('thinking'));
}

export function callsIn(content: AssistantMessage['content']): ToolUseBlock[] {
  return content.filter((block): block is ToolUseBlock => block.type === 'tool_use');
}

/** All that is said in words, as it stands. */
export function rawTextIn(content: AssistantMessage['content']): string {
  return content
    .filter(isText)
    .map((block) => block.text)
    .join('\n\n');
}

function isText(block: AssistantMessage['content'][number]): block is TextBlock {
  return block.type === 'text' && 'text' in block && typeof block.text === 'string';
}
