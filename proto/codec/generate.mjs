/**
 * Writes src/protocol/codec.ts: decoders and encoders of the messages on the way of a call, straight-line code made from
 * the proto files. `npm run codec` writes it, `npm run codec -- --verify` fails when it is not what the proto says.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const PACKAGE = 'hal9.plugin.v1';
const PROTO_DIR = fileURLToPath(new URL('..', import.meta.url));
const TARGET = fileURLToPath(new URL('../../src/protocol/codec.ts', import.meta.url));

/** The messages that have a codec, those that others contain first. */
const MESSAGES = [
  'Signal',
  'PluginError',
  'PluginRef',
  'Cost',
  'PluginResult',
  'Refusal',
  'SignalAnswer',
  'ProcessSignalRequest',
  'ProcessSignalResponse',
  'StreamSignalsRequest',
  'StreamSignalsResponse',
  'InvokeToolRequest',
  'InvokeToolResponse',
];

/** Messages that stay encoded where they appear: whoever reads the outer message has no use for their fields. */
const RAW_FIELDS = new Set([
  'PluginResult.plugin',
  'SignalAnswer.results',
  'ProcessSignalRequest.signal',
  'ProcessSignalResponse.results',
  'StreamSignalsRequest.signals',
  'StreamSignalsResponse.answers',
  'InvokeToolResponse.result',
]);

/** uint64 fields that may hold anything; the others are counted by the host and stay below 2^53. */
const BIGINT_FIELDS = new Set(['Signal.timestampMs', 'StreamSignalsRequest.id', 'StreamSignalsResponse.id']);

/** Fields that can be read without decoding the rest. */
const PEEKS = [['Signal', 'layer']];

/** How each kind of field is typed, read, sized, written and compared with its default. */
const KINDS = {
  text: {
    type: 'Uint8Array',
    wire: 2,
    zero: 'EMPTY',
    read: 'text',
    size: (v) => `sizeBlock(${v}.length)`,
    write: 'writeBlock',
    isSet: (v) => `${v}.length > 0`,
  },
  bytes: {
    type: 'Uint8Array',
    wire: 2,
    zero: 'EMPTY',
    read: 'block',
    size: (v) => `sizeBlock(${v}.length)`,
    write: 'writeBlock',
    isSet: (v) => `${v}.length > 0`,
  },
  uint32: {
    type: 'number',
    wire: 0,
    zero: '0',
    read: 'uint32',
    size: (v) => `sizeUint32(${v})`,
    write: 'writeUint32',
    isSet: (v) => `${v} !== 0`,
  },
  enumeration: {
    type: 'number',
    wire: 0,
    zero: '0',
    read: 'enumeration',
    size: (v) => `sizeEnumeration(${v})`,
    write: 'writeEnumeration',
    isSet: (v) => `${v} !== 0`,
  },
  uint64: {
    type: 'bigint',
    wire: 0,
    zero: '0n',
    read: 'uint64',
    size: (v) => `sizeUint64(${v})`,
    write: 'writeUint64',
    isSet: (v) => `${v} !== 0n`,
  },
  safeUint64: {
    type: 'number',
    wire: 0,
    zero: '0',
    read: 'safeUint64',
    size: (v) => `sizeSafeUint64(${v})`,
    write: 'writeSafeUint64',
    isSet: (v) => `${v} !== 0`,
  },
  raw: { type: 'Uint8Array', wire: 2, read: 'block', size: (v) => `sizeBlock(${v}.length)`, write: 'writeBlock' },
  message: { wire: 2 },
  map: { type: 'WireEntry', wire: 2, read: 'entry' },
};

function kindOf(message, field) {
  const name = `${message.name}.${field.name}`;
  if (field.map) {
    if (field.keyType === 'string' && field.type === 'string') return 'map';
  } else if (field.resolvedType instanceof protobuf.Enum) return 'enumeration';
  else if (field.resolvedType instanceof protobuf.Type) return RAW_FIELDS.has(name) ? 'raw' : 'message';
  else if (field.type === 'string') return 'text';
  else if (field.type === 'bytes') return 'bytes';
  else if (field.type === 'uint32') return 'uint32';
  else if (field.type === 'uint64') return BIGINT_FIELDS.has(name) ? 'uint64' : 'safeUint64';
  throw new Error(`${name}: the generator knows no ${field.type} fields; add the kind to proto/codec/generate.mjs`);
}

/** What the printers below need to know of a field. */
function describe(message, field) {
  const kind = kindOf(message, field);
  const presence = !field.repeated && (kind === 'raw' || kind === 'message' || field.options?.proto3_optional === true);
  const list = field.repeated || kind === 'map';
  if (field.repeated && !['raw', 'message'].includes(kind)) {
    throw new Error(`${message.name}.${field.name}: the generator knows no repeated scalars, which may be packed`);
  }
  if (field.partOf && !field.options?.proto3_optional) {
    throw new Error(`${message.name}.${field.name}: the generator knows no oneof`);
  }
  if (field.id > 15) throw new Error(`${message.name}.${field.name}: the generator writes tags of one byte alone`);
  const element = kind === 'message' ? field.resolvedType.name : KINDS[kind].type;
  const type = list ? `${element}[]` : presence ? `${element} | undefined` : element;
  const zero = list ? '[]' : presence ? 'undefined' : KINDS[kind].zero;
  return {
    ...KINDS[kind],
    kind,
    name: field.name,
    tag: (field.id << 3) | KINDS[kind].wire,
    element,
    type,
    zero,
    presence,
    list,
    comment: field.comment,
  };
}

const docComment = (text, indent) => (text ? `${indent}/** ${text.replaceAll('\n', ' ')} */\n` : '');

function printInterface({ message, fields }) {
  const lines = fields.map((f) => `${docComment(f.comment, '  ')}  ${f.name}: ${f.type};\n`);
  return `${docComment(message.comment, '')}export interface ${message.name} {\n${lines.join('')}}\n`;
}

function printEmpty({ message, fields }) {
  const body = `{ ${fields.map((f) => `${f.name}: ${f.zero}`).join(', ')} }`;
  const short = `export const empty${message.name} = (): ${message.name} => (${body});\n`;
  if (short.length <= 121) return short;
  return `export const empty${message.name} = (): ${message.name} => ({\n${fields.map((f) => `  ${f.name}: ${f.zero},\n`).join('')}});\n`;
}

function printCase(f) {
  const target = `message.${f.name}`;
  const lines = [];
  if (f.kind === 'message') {
    lines.push('const outer = reader.enter();');
    if (f.list) {
      lines.push(`const item = empty${f.element}();`, `merge${f.element}(reader, item);`, `${target}.push(item);`);
    } else lines.push(`${target} ??= empty${f.element}();`, `merge${f.element}(reader, ${target});`);
    lines.push('reader.leave(outer);');
  } else if (f.kind === 'raw' && !f.list) lines.push(`${f.name}Parts.push(reader.${f.read}());`);
  else if (f.list) lines.push(`${target}.push(reader.${f.read}());`);
  else lines.push(`${target} = reader.${f.read}();`);
  const scoped = f.kind === 'message';
  const body = lines.map((line) => `        ${line}\n`).join('');
  return `      case ${f.tag}:${scoped ? ' {' : ''}\n${body}        break;\n${scoped ? '      }\n' : ''}`;
}

function printMerge({ message, fields }) {
  const parts = fields.filter((f) => f.kind === 'raw' && !f.list);
  const maps = fields.filter((f) => f.kind === 'map');
  return `function merge${message.name}(reader: WireReader, message: ${message.name}): void {
${parts.map((f) => `  const ${f.name}Parts: Uint8Array[] = [];\n`).join('')}  while (reader.at < reader.end) {
    const tag = reader.tag();
    switch (tag) {
${fields.map(printCase).join('')}      default:
        reader.skip(tag);
    }
  }
${parts.map((f) => `  message.${f.name} = joinParts(${f.name}Parts);\n`).join('')}${maps.map((f) => `  mergeEntries(message.${f.name});\n`).join('')}}
`;
}

function printDecode({ message }) {
  return `export function decode${message.name}(bytes: Uint8Array, start = 0, end = bytes.length): ${message.name} {
  const message = empty${message.name}();
  merge${message.name}(new WireReader(bytes, start, end), message);
  return message;
}
`;
}

const sizeOf = (f, v) => {
  if (f.kind === 'message') return `sizeBlock(size${f.element}(${v}))`;
  return f.kind === 'map' ? `sizeBlock(sizeEntry(${v}))` : f.size(v);
};

const condition = (f) => (f.presence ? `message.${f.name} !== undefined` : f.isSet(`message.${f.name}`));

function printSize({ message, fields }) {
  const lines = fields.map((f) => {
    if (f.list) return `  for (const item of message.${f.name}) size += 1 + ${sizeOf(f, 'item')};\n`;
    return `  if (${condition(f)}) size += 1 + ${sizeOf(f, `message.${f.name}`)};\n`;
  });
  return `export function size${message.name}(message: ${message.name}): number {
  let size = 0;
${lines.join('')}  return size;
}
`;
}

function printWriteField(f) {
  const value = f.list ? 'item' : `message.${f.name}`;
  const head = f.list ? `for (const item of message.${f.name})` : `if (${condition(f)})`;
  const lines = [`out[at++] = ${f.tag};`];
  if (f.kind === 'message') {
    lines.push(`at = writeUint32(size${f.element}(${value}), out, at);`, `at = write${f.element}(${value}, out, at);`);
  } else lines.push(`at = ${f.kind === 'map' ? 'writeEntry' : f.write}(${value}, out, at);`);
  return `  ${head} {\n${lines.map((line) => `    ${line}\n`).join('')}  }\n`;
}

function printWrite({ message, fields }) {
  return `export function write${message.name}(message: ${message.name}, out: Uint8Array, offset: number): number {
  let at = offset;
${fields.map(printWriteField).join('')}  return at;
}
`;
}

function printPeek(described, messageName, fieldName) {
  const { fields } = described.find((d) => d.message.name === messageName);
  const field = fields.find((f) => f.name === fieldName);
  const name = `peek${messageName}${fieldName[0].toUpperCase()}${fieldName.slice(1)}`;
  return `/** The field \`${fieldName}\` that decode${messageName} would find, without decoding the rest. */
export function ${name}(bytes: Uint8Array, start = 0, end = bytes.length): ${field.type} {
  const reader = new WireReader(bytes, start, end);
  let value: ${field.type} = ${field.zero};
  while (reader.at < reader.end) {
    const tag = reader.tag();
    if (tag === ${field.tag}) value = reader.${field.read}();
    else reader.skip(tag);
  }
  return value;
}
`;
}

const HEADER = `// Generated by \`npm run codec\` from proto/hal9/plugin/v1. Do not edit: change the proto, or proto/codec/generate.mjs.
`;

const NOTES = `/**
 * Messages on the way of a call. Strings are their UTF-8 bytes, checked; all bytes of a decoded message are views into
 * the input. A message inside another may be kept as it is encoded: its type is Uint8Array then.
 *
 * \`decodeX\` reads the bytes from \`start\` to \`end\` and throws WireError, and nothing else, where they are no such message;
 * unknown fields are passed over. \`sizeX\` is the number of bytes that \`writeX\` writes; \`writeX\` returns where it ended, and
 * \`out\` must have room. Numbers and bytes are written as they are: strings must be UTF-8 already.
 */
`;

const IMPORTS = {
  './wire.js': [
    'EMPTY',
    'sizeBlock',
    'sizeEntry',
    'sizeEnumeration',
    'sizeSafeUint64',
    'sizeUint32',
    'sizeUint64',
    'type WireEntry',
    'writeBlock',
    'writeEntry',
    'writeEnumeration',
    'writeSafeUint64',
    'writeUint32',
    'writeUint64',
  ],
  './wire-reader.js': ['joinParts', 'mergeEntries', 'WireReader'],
};

/** Everything that the code uses of the wire format, by name. */
function printImports(code) {
  return Object.entries(IMPORTS)
    .map(([file, names]) => {
      const used = names.filter((name) => new RegExp(`\\b${name.replace('type ', '')}\\b`).test(code));
      const line = `import { ${used.join(', ')} } from '${file}';\n`;
      return line.length <= 121 ? line : `import {\n${used.map((name) => `  ${name},\n`).join('')}} from '${file}';\n`;
    })
    .join('');
}

/** The text of codec.ts. */
function generate() {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => `${PROTO_DIR}${target}`;
  root.loadSync('hal9/plugin/v1/execution.proto', { alternateCommentMode: true, keepCase: false }).resolveAll();
  const described = MESSAGES.map((name) => {
    const message = root.lookupType(`${PACKAGE}.${name}`);
    return {
      message,
      fields: message.fieldsArray.map((field) => describe(message, field)).sort((a, b) => a.tag - b.tag),
    };
  });
  const blocks = described.flatMap((d) => [
    printInterface(d),
    printEmpty(d),
    printMerge(d),
    printDecode(d),
    printSize(d),
    printWrite(d),
  ]);
  const code = [...blocks, ...PEEKS.map(([message, field]) => printPeek(described, message, field))].join('\n');
  return `${HEADER}${printImports(code)}\n${NOTES}\n${code}`;
}

const text = generate();
if (process.argv.includes('--verify')) {
  if (readFileSync(TARGET, 'utf8') !== text) {
    console.error('src/protocol/codec.ts is not what the proto files say: run `npm run codec` and commit the result');
    process.exitCode = 1;
  } else console.log('src/protocol/codec.ts is up to date');
} else {
  writeFileSync(TARGET, text);
  console.log('wrote src/protocol/codec.ts');
}
