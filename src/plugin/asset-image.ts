import type { Manifest } from '../package/manifest.js';
import type { PackageFiles } from '../package/package-files.js';
import type { AssetFile, AssetImage } from '../protocol/assets.js';

/**
 * The plugin's assets in shared memory, for all of its instances; undefined where it has none. A file that has several names is
 * there once.
 */
export async function loadAssets({ files }: Manifest, source: PackageFiles): Promise<AssetImage | undefined> {
  const named = Object.entries(files.assets);
  if (named.length === 0) return undefined;
  const contents = await source.read([...new Set(named.map(([, path]) => path))]);
  const bytes = new SharedArrayBuffer([...contents.values()].reduce((sum, { length }) => sum + length, 0));
  const places = new Map<string, Omit<AssetFile, 'name'>>();
  let end = 0;
  for (const [path, content] of contents) {
    new Uint8Array(bytes).set(content, end);
    places.set(path, { start: end, sizeBytes: content.length });
    end += content.length;
  }
  return { bytes, files: named.map(([name, path]) => ({ name, ...(places.get(path) as Omit<AssetFile, 'name'>) })) };
}
