import type { PluginAnswer } from '../dispatch/dispatcher.js';
import { hostOutcome } from '../protocol/outcomes.js';

/** What a result takes besides what its guest said: the plugin's name, the outcome, the cost; with room to spare. */
const OVERHEAD_BYTES = 1_024;

const sizeOf = ({ outcome }: PluginAnswer): number => outcome.body.length + OVERHEAD_BYTES;

/**
 * Makes answers fit one message: the largest give way, each to LIMIT/OUTPUT with its cost, so that one plugin that answers
 * much hides no other. What fits is returned as it is.
 */
export function fitMessage(answers: readonly PluginAnswer[], maxBytes: number): readonly PluginAnswer[] {
  let total = answers.reduce((sum, answer) => sum + sizeOf(answer), 0);
  if (total <= maxBytes) return answers;
  const fitted = [...answers];
  const largestFirst = answers
    .map((answer, index) => ({ size: sizeOf(answer), index }))
    .sort((a, b) => b.size - a.size);
  for (const { size, index } of largestFirst) {
    if (total <= maxBytes) break;
    const answer = answers[index] as PluginAnswer;
    fitted[index] = { ...answer, outcome: tooLarge(answer, maxBytes) };
    total -= size - OVERHEAD_BYTES;
  }
  return fitted;
}

function tooLarge({ outcome }: PluginAnswer, maxBytes: number): PluginAnswer['outcome'] {
  const message = `the answer of ${outcome.body.length} bytes does not fit the reply, which may have ${maxBytes}`;
  return hostOutcome('limit', 'RESOURCE_EXHAUSTED', message, { limit: 'output', usage: outcome });
}
