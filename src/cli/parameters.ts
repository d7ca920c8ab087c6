import { keyValue, textOrFile } from './json-argument.js';

/** A parameter as its tool declares it. */
interface Declared {
  name: string;
  type: string;
}

/**
 * A tool's parameters as JSON text, from one JSON object, `@FILE` or `key=value` each. Values of `key=value` are taken as the
 * tool declares them: a string as it stands, everything else as JSON; what is no JSON is a string as well. Whether they are what
 * the tool takes is for those to say who run it, in one way for all callers.
 * @param declared asked only where it is needed
 */
export async function parametersText(
  given: readonly string[],
  declared: () => Promise<readonly Declared[]>,
): Promise<string> {
  const [first] = given;
  if (first === undefined) return '';
  if (given.length === 1 && /^\s*[{@]/.test(first)) return textOrFile(first, '--params');
  const pairs = given.map((argument) => keyValue(argument, '--params'));
  const types = new Map((await declared()).map(({ name, type }) => [name, type]));
  const members = pairs.map(([key, value]) => {
    const text = (types.get(key) ?? 'string') === 'string' || !isJson(value) ? JSON.stringify(value) : value;
    return `${JSON.stringify(key)}:${text}`;
  });
  return `{${members.join(',')}}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
