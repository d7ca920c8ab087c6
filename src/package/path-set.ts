import { collisionKey, quote } from './paths.js';

/** Paths of one tree: none twice, none that only case tells apart, no file where another needs a directory. */
export class PathSet {
  readonly #kinds = new Map<string, { path: string; isDirectory: boolean }>();

  /** Why this path cannot stand beside those that are there, or undefined when it can. */
  add(path: string, isDirectory = false): string | undefined {
    const components = path.split('/');
    for (let depth = 1; depth < components.length; depth++) {
      const clash = this.#claim(components.slice(0, depth).join('/'), true);
      if (clash !== undefined) return clash;
    }
    const known = this.#kinds.get(collisionKey(path));
    if (known?.path === path && !known.isDirectory && !isDirectory) return 'is there twice';
    return this.#claim(path, isDirectory);
  }

  #claim(path: string, isDirectory: boolean): string | undefined {
    const key = collisionKey(path);
    const known = this.#kinds.get(key);
    if (known === undefined) this.#kinds.set(key, { path, isDirectory });
    else if (known.path !== path) {
      return `collides with ${quote(known.path)}: only case or composition tells them apart`;
    } else if (known.isDirectory !== isDirectory) {
      return `collides with ${quote(known.path)}: one is a file, the other a directory`;
    }
    return undefined;
  }
}
