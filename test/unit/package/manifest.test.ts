import { describe, expect, test } from 'vitest';
import { HostError } from '../../../src/errors.js';
import { isStateful, parseManifest } from '../../../src/package/manifest.js';
import { aManifest } from './a-package.js';

function parse(document: unknown) {
  return parseManifest(Buffer.from(typeof document === 'string' ? document : JSON.stringify(document)));
}

function faults(document: unknown): string {
  try {
    parse(document);
  } catch (error) {
    expect(error).toBeInstanceOf(HostError);
    return (error as HostError).message;
  }
  throw new Error('the manifest was accepted');
}

/** Puts a value at a path of a valid manifest. */
function spoiled(path: string, value: unknown): unknown {
  const manifest: unknown = aManifest();
  const steps = path.split('.');
  const last = steps.pop() as string;
  let target = manifest as Record<string, unknown>;
  for (const step of steps) target = target[step] as Record<string, unknown>;
  target[last] = value;
  return manifest;
}

describe('parseManifest', () => {
  test('takes a manifest with all of upstream fields', () => {
    const manifest = parse({
      ...aManifest((draft) => {
        draft.metadata.tags = ['text'];
        draft.metadata.homepage = 'https://example.com/echo';
        draft.metadata.repository = 'https://example.com/echo.git';
        draft.files = {
          wasm: 'plugin.wasm',
          icon: 'icon.png',
          readme: 'README.md',
          license: 'LICENSE',
          examples: ['e/1.json'],
          assets: { a: 'assets/a' },
        };
        draft.metadata.requirements = {
          min_hal9_version: '0.1.0',
          max_memory_mb: 128,
          max_call_ms: 60_000,
          stateful: true,
          dependencies: [{ plugin_id: draft.metadata.id, version: '>=1.0.0 <2.0.0', optional: true }],
          required_permissions: [
            'NetworkHttp',
            'SystemTime',
            'SystemRandom',
            'Hal9Signal',
            'Hal9Memory',
            'Hal9Metrics',
            'Hal9Learning',
            { NetworkHttps: { hosts: ['api.example.com', '*.example.org', '[::1]'], ports: [443, 8443] } },
            { FileRead: '/data/in' },
            { FileWrite: 'out' },
            { FileCreate: '/data/new/' },
            { SystemEnv: 'LANG' },
            { PluginCall: draft.metadata.id },
          ],
        };
        draft.metadata.capabilities.push(
          { type: 'NeuronType', config: { layer: 'L9', neuron_type: 'Echo', description: '' } },
          { type: 'MemoryProvider', config: { storage_type: 'vector', features: ['search'] } },
          { type: 'LearningAlgorithm', config: { algorithm_name: 'bayes', supported_layers: ['L1', 'L2'] } },
          { type: 'ApiExtension', config: { endpoint: '/echo', methods: ['GET', 'POST'] } },
        );
      }),
      signature: { algorithm: 'ed25519', signature: 'AAAA', public_key: 'BBBB' },
    });
    expect(manifest.metadata.requirements.required_permissions).toHaveLength(13);
    expect(manifest.metadata.capabilities).toHaveLength(5);
  });

  test('fills in what may be left out', () => {
    const manifest = parse(
      aManifest((draft) => {
        const { requirements } = draft.metadata as { requirements: Partial<typeof draft.metadata.requirements> };
        delete requirements.dependencies;
        delete requirements.required_permissions;
      }),
    );
    expect(manifest.metadata.requirements).toEqual({
      min_hal9_version: '0.1.0',
      dependencies: [],
      required_permissions: [],
    });
  });

  test.each<[string, unknown, string]>([
    ['api_version', 2, 'api_version: expected 1, found 2'],
    ['api_version', '1', 'api_version: expected 1, found "1"'],
    ['metadata.id', 'echo', 'metadata.id: expected a UUID in lower case'],
    ['metadata.name', '', 'metadata.name: expected at least 1 characters, found ""'],
    ['metadata.name', 'a\u0000b', 'metadata.name: expected text without control characters'],
    ['metadata.name', 'a\u200bb', 'metadata.name: expected text without invisible characters'],
    ['metadata.name', '3F2B7C1E-5a4d-4e8b-9c6f-0a1b2c3d4e5f', 'metadata.name: expected another name than a UUID'],
    ['metadata.name', 'x'.repeat(65), 'metadata.name: expected at most 64 characters, found a string of 65 characters'],
    ['metadata.version', '1.0', 'metadata.version: expected a version'],
    ['metadata.homepage', 'javascript:alert(1)', 'metadata.homepage: expected an http or https URL'],
    ['metadata.author', 7, 'metadata.author: expected a string, found 7'],
    ['metadata.capabilities', [], 'metadata.capabilities: expected at least 1 elements, found an array of 0'],
    ['metadata.capabilities.0.type', 'Everything', 'metadata.capabilities[0].type: expected "NeuronType" or'],
    [
      'metadata.capabilities.0.config.tool_name',
      'rm -rf',
      'metadata.capabilities[0].config.tool_name: expected 1 to 64 of',
    ],
    [
      'metadata.capabilities.0.config.tool_name',
      '__proto__',
      'metadata.capabilities[0].config.tool_name: expected another name',
    ],
    [
      'metadata.capabilities.0.config.parameters.0.param_type',
      'text',
      'parameters[0].param_type: expected "string" or',
    ],
    [
      'metadata.capabilities.0.config.parameters.0.default',
      7,
      'parameters[0].default: expected a value of the type string, found 7',
    ],
    [
      'metadata.capabilities.0.config.extra',
      1,
      'metadata.capabilities[0].config.extra: expected nothing of that name, found 1',
    ],
    ['metadata.requirements.max_memory_mb', 0, 'metadata.requirements.max_memory_mb: expected at least 1, found 0'],
    [
      'metadata.requirements.max_memory_mb',
      4096,
      'metadata.requirements.max_memory_mb: expected at most 1024, found 4096',
    ],
    ['metadata.requirements.max_memory_mb', 1.5, 'metadata.requirements.max_memory_mb: expected an integer, found 1.5'],
    [
      'metadata.requirements.max_call_ms',
      60_001,
      'metadata.requirements.max_call_ms: expected at most 60000, found 60001',
    ],
    ['metadata.requirements.max_memory', 5, 'metadata.requirements.max_memory: expected nothing of that name, found 5'],
    ['metadata.requirements.required_permissions', ['Root'], 'required_permissions[0]: expected "NetworkHttp" or'],
    [
      'metadata.requirements.required_permissions',
      [{ FileRead: '../x' }],
      'required_permissions[0].FileRead: expected a path without . and ..',
    ],
    [
      'metadata.requirements.required_permissions',
      [{ Root: '/' }],
      'required_permissions[0]: expected a permission, one of NetworkHttp,',
    ],
    ['metadata.requirements.required_permissions', [{}], 'required_permissions[0]: expected an object with one key'],
    [
      'metadata.requirements.required_permissions',
      [{ SystemEnv: 'A', FileRead: '/a' }],
      'required_permissions[0]: expected an object with one key',
    ],
    [
      'metadata.requirements.required_permissions',
      [{ NetworkHttp: { hosts: ['*'] } }],
      'NetworkHttp.hosts[0]: expected a host name',
    ],
    [
      'metadata.requirements.required_permissions',
      [{ NetworkHttp: { hosts: [] } }],
      'NetworkHttp.hosts: expected at least 1 elements',
    ],
    [
      'metadata.requirements.required_permissions',
      [{ NetworkTcp: { ports: [70_000] } }],
      'NetworkTcp.ports[0]: expected at most 65535',
    ],
    [
      'metadata.requirements.dependencies',
      [{ plugin_id: 'x', version: '^1' }],
      'dependencies[0].plugin_id: expected a UUID',
    ],
    ['files.wasm', '/plugin.wasm', 'files.wasm: expected a path inside the package: this one is absolute'],
    ['files.assets', { a: 'C:\\x' }, 'files.assets.a: expected a path inside the package: this one has a backslash'],
    ['files.assets', { '../a': 'a' }, 'files.assets["../a"]: expected a key that fits: expected a path inside'],
    ['files.assets', { '/a': 'a' }, 'files.assets["/a"]: expected a key that fits: expected a path inside'],
    ['files.assets', { 'a//b': 'a' }, 'files.assets["a//b"]: expected a key that fits: expected a path inside'],
    ['files.assets', { a: 'a', 'a/b': 'b' }, 'expected another name: this one collides with "a": one is a file'],
    [
      'files.assets',
      { a: 'a', A: 'b' },
      'files.assets.A: expected another name: this one collides with "a": only case',
    ],
    ['files.more', [], 'files.more: expected nothing of that name, found an array of 0'],
    ['signature', {}, 'signature.algorithm: expected a string, found nothing'],
    ['constructor', { prototype: 1 }, 'constructor: expected nothing of that name, found an object'],
  ])('refuses %s = %j', (path, value, message) => {
    expect(faults(spoiled(path, value))).toContain(message);
  });

  test('lists all faults', () => {
    const message = faults(
      aManifest((draft) => {
        draft.metadata.id = 'x';
        draft.metadata.version = 'x';
        Object.assign(draft, { extra: true });
      }),
    );
    expect(message).toContain('metadata.id: ');
    expect(message).toContain('metadata.version: ');
    expect(message).toContain('extra: expected nothing of that name, found true');
  });

  test('lists a bounded number of faults', () => {
    const message = faults(Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`key${index}`, index])));
    expect(message).toMatch(/; and \d+ more$/);
    expect(message.length).toBeLessThan(5_000);
  });

  test('refuses the same tool, parameter or neuron twice', () => {
    const twice = aManifest(
      (draft) => void draft.metadata.capabilities.push(...structuredClone(draft.metadata.capabilities)),
    );
    expect(faults(twice)).toContain('metadata.capabilities[1]: expected each once');
    const parameters = aManifest((draft) => {
      const [tool] = draft.metadata.capabilities;
      if (tool?.type === 'ToolProvider') tool.config.parameters.push(...structuredClone(tool.config.parameters));
    });
    expect(faults(parameters)).toContain('parameters[1].name: expected each once');
  });

  test.each<[string, string]>([
    ['{"a":1,"a":2}', 'a: expected the member once, found it twice'],
    [
      '{"a":[{"b":1,"c":[1,{"d":"\\"x", "\\u0064"                                                                             : 3}]}]}',
      'a[0].c[1].d: expected the member once',
    ],
    ['{"x":{"__proto__":2}}', 'x.__proto__: expected no member of that name'],
    [`${'['.repeat(33)}${']'.repeat(33)}`, 'expected at most 32 levels'],
    ['\ufeff{}', 'without a byte order mark'],
    ['{"a":', 'expected one JSON text'],
    ['null', '(root): expected an object, found null'],
    ['[]', '(root): expected an object, found an array of 0'],
  ])('refuses the text %s', (text, message) => {
    expect(faults(text)).toContain(message);
  });
});

describe('isStateful', () => {
  test('a tool is stateless, a neuron stateful, and the manifest may say otherwise', () => {
    const tool = aManifest();
    const neuron = aManifest((draft) => {
      draft.metadata.capabilities = [
        { type: 'NeuronType', config: { layer: 'L1', neuron_type: 'n', description: '' } },
      ];
    });
    expect([isStateful(parse(tool)), isStateful(parse(neuron))]).toEqual([false, true]);
    tool.metadata.requirements.stateful = true;
    neuron.metadata.requirements.stateful = false;
    expect([isStateful(parse(tool)), isStateful(parse(neuron))]).toEqual([true, false]);
  });
});
