/**
 * `npm run examples -- --accuracy`: how often the committed module is right on its evaluation set, called through the bindings
 * that the server's workers use.
 */

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { HOST_RATES } from '../../src/limits/host-rates.js';
import { GUEST_LIMITS, OBSERVE_LIMITS } from '../../src/limits.js';
import type { BindMessage } from '../../src/protocol/bind.js';
import type { Guest } from '../../workers/abi/guest.js';
import { load } from '../../workers/loading.js';

const FOLDER = 'examples/sentiment-analyzer';

export interface Accuracy {
  /** `tuning`: rules and weights were changed with an eye on these; `held-out`: they were not. */
  readonly part: 'tuning' | 'held-out';
  readonly right: number;
  readonly sentences: number;
}

/** Judges every sentence of both parts. The current folder must be the project's root. */
export async function measureAccuracy(): Promise<Accuracy[]> {
  const guest = await startAnalyzer();
  return (['tuning', 'held-out'] as const).map((part) => {
    const labelled = readSentences(part);
    const right = labelled.filter(({ label, sentence }) => judge(guest, sentence) === label).length;
    return { part, right, sentences: labelled.length };
  });
}

/** Lines of `label<TAB>sentence`; comments begin with #. */
function readSentences(part: Accuracy['part']): { label: string; sentence: string }[] {
  const lines = readFileSync(`${FOLDER}/evaluation/${part}.tsv`, 'utf8').split('\n');
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [label = '', sentence = ''] = line.split('\t');
      return { label, sentence };
    });
}

async function startAnalyzer(): Promise<Guest> {
  const bytes = readFileSync(`${FOLDER}/sentiment-analyzer.wasm`);
  const binding: BindMessage = {
    type: 'bind',
    plugin: { id: 'accuracy', name: 'sentiment-analyzer', version: '0.1.0' },
    hostVersion: '0.1.0',
    module: await WebAssembly.compile(bytes),
    metering: undefined,
    exports: ['lifecycle', 'neuron', 'tools'],
    config: '{}',
    tools: [],
    grants: { time: false, random: false, env: {} },
    limits: {
      memoryBytes: GUEST_LIMITS.defaultMemoryBytes,
      outputBytes: GUEST_LIMITS.maxOutputBytes,
      outputElements: GUEST_LIMITS.maxOutputElements,
      hostCallBytes: GUEST_LIMITS.maxHostCallBytes,
      randomBytes: GUEST_LIMITS.maxRandomBytes,
      logLineBytes: OBSERVE_LIMITS.maxLogLineBytes,
      logLines: HOST_RATES['log lines'],
      logBytes: HOST_RATES['log bytes'],
      metrics: { names: 1, series: 1, labels: 1, labelBytes: 1, observationsPerSecond: 1 },
    },
    running: new SharedArrayBuffer(64),
  };
  const result = load(binding, () => undefined);
  if (!result.ok) throw new Error(`the analyzer could not be loaded: ${result.message}`);
  return result.loaded.guest;
}

function judge(guest: Guest, text: string): string {
  guest.beginCall(Date.now());
  const parameters = JSON.stringify({ text, evidence: false, max_evidence: 0 });
  const result = guest.tools?.execute(Buffer.from('analyze_sentiment'), Buffer.from(parameters));
  if (result?.ok !== true) throw new Error(`the analyzer refused ${JSON.stringify(text)}`);
  return (JSON.parse(Buffer.from(result.value).toString()) as { sentiment: string }).sentiment;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const { part, right, sentences } of await measureAccuracy()) {
    console.log(`${part}: ${right} of ${sentences} right, ${((100 * right) / sentences).toFixed(1)} %`);
  }
}
