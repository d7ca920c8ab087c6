import { jsonObjectArgument, keyValue, parseJson } from './json-argument.js';

/** A parameter as its tool declares it. */
interface Declared {
  name: string;
  type: string;
}

/**
 * A tool's parameters as JSON text, from one JSON object, `@FILE` or `key=value` each. Values of `key=value` are read as the
 * tool declares them: a string as it stands, everything else as JSON.
 * @param declared asked only where it is needed
 */
export async function parametersText(
  given: readonly string[],
  declared: () => Promise<readonly Declared[]>,
): Promise<string> {
  const [first] = given;
  if (first === undefined) return '';
  if (given.length === 1 && /^\s*[{@]/.test(first)) return jsonObjectArgument(first, '--params');
  const types = new Map((await declared()).map(({ name, type }) => [name, type]));
  const parameters = given.map((argument): [string, unknown] => {
    const [key, value] = keyValue(argument, '--params');
    return [key, (types.get(key) ?? 'string') === 'string' ? value : parseJson(value, `--params ${key}`)];
  });
  return JSON.stringify(Object.fromEntries(parameters));
}
