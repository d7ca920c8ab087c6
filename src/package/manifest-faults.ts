/** Turns the issues of a validation into one message: for each its path in the document, what was expected, what was found. */

import type { z } from 'zod';
import { MANIFEST_LIMITS } from '../limits.js';
import { quote } from './paths.js';

type Issue = z.core.$ZodIssue;

/** `a.b[0]: expected …, found …; …`. At most `maxFaults` faults; the number of the others is said. */
export function describeIssues(issues: readonly Issue[], document: unknown): string {
  const faults = issues.flatMap((issue) => describeIssue(issue, document));
  const shown = faults.slice(0, MANIFEST_LIMITS.maxFaults);
  const more = faults.length - shown.length;
  return shown.join('; ') + (more > 0 ? `; and ${more} more` : '');
}

function describeIssue(issue: Issue, document: unknown): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(
      (key) =>
        `${pathText([...issue.path, key])}: expected nothing of that name, found ${found(document, [...issue.path, key])}`,
    );
  }
  const expected = expectation(issue);
  // Some say themselves what was found, and more than would be said here.
  const both = expected.includes('; found ') ? expected : `${expected}, found ${found(document, issue.path)}`;
  return [`${pathText(issue.path)}: ${both}`];
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${TYPE_NAMES.get(issue.expected) ?? issue.expected}`;
    case 'invalid_value':
      return `expected ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'too_big':
      return `expected at most ${issue.maximum}${UNITS.get(issue.origin) ?? ''}`;
    case 'too_small':
      return `expected at least ${issue.minimum}${UNITS.get(issue.origin) ?? ''}`;
    case 'invalid_union':
      return unionExpectation(issue);
    case 'invalid_key':
      return issue.issues[0] === undefined
        ? 'expected another key'
        : `expected a key that fits: ${expectation(issue.issues[0])}`;
    default:
      return issue.message;
  }
}

function unionExpectation(issue: z.core.$ZodIssueInvalidUnion): string {
  if ('options' in issue && Array.isArray(issue.options))
    return `expected ${issue.options.map((each) => JSON.stringify(each)).join(' or ')}`;
  return 'expected a JSON value';
}

const TYPE_NAMES = new Map<string, string>([
  ['string', 'a string'],
  ['number', 'a number'],
  ['int', 'an integer'],
  ['boolean', 'true or false'],
  ['array', 'an array'],
  ['object', 'an object'],
  ['record', 'an object'],
]);

const UNITS = new Map<string, string>([
  ['string', ' characters'],
  ['array', ' elements'],
]);

function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return '(root)';
  return path
    .map((step) =>
      typeof step === 'number'
        ? `[${step}]`
        : /^[A-Za-z0-9_-]{1,64}$/.test(String(step))
          ? `.${String(step)}`
          : `[${quote(String(step), 40)}]`,
    )
    .join('')
    .replace(/^\./, '');
}

/** What stands at a path, in few characters. */
function found(document: unknown, path: readonly PropertyKey[]): string {
  let value = document;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return 'nothing';
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  if (typeof value === 'string') return value.length > 40 ? `a string of ${value.length} characters` : quote(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}
