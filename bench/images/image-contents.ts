import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { extract, list, type ReadEntry } from 'tar';
import type { LayerEntry } from './waste.ts';

export interface ImageLayer {
  /** Digest of the uncompressed layer. */
  id: string;
  /** Bytes of its files. */
  size: number;
  /** Bytes as a registry has it. */
  compressed: number;
  entries: LayerEntry[];
}

/** By digest: most images share the layers of their base. */
const compressedSizes = new Map<string, number>();

/**
 * The layers of an image, read from `docker save`.
 * @param under folder for what is unpacked
 * @param hashes with the SHA-256 of each file, which takes longer
 */
export async function readLayers(
  image: string,
  environment: Record<string, string>,
  { under, hashes, compress }: { under: string; hashes: boolean; compress: boolean },
): Promise<ImageLayer[]> {
  const folder = mkdtempSync(join(under, 'save-'));
  try {
    const child = spawn('docker', ['save', image], {
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await pipeline(child.stdout, extract({ cwd: folder }));
    const [saved] = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as {
      Config: string;
      Layers: string[];
    }[];
    if (saved === undefined) throw new Error(`docker save ${image}: no image in it`);
    const { rootfs } = JSON.parse(readFileSync(join(folder, saved.Config), 'utf8')) as {
      rootfs: { diff_ids: string[] };
    };
    const layers: ImageLayer[] = [];
    for (const [index, path] of saved.Layers.entries()) {
      const file = join(folder, path);
      if (!existsSync(file)) throw new Error(`docker save ${image}: no layer ${path}`);
      const id = rootfs.diff_ids[index] ?? path;
      const entries = await readEntries(file, hashes);
      layers.push({
        id,
        entries,
        size: entries.reduce((sum, entry) => sum + entry.size, 0),
        compressed: compress ? await compressedSize(id, file) : 0,
      });
    }
    return layers;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function readEntries(file: string, hashes: boolean): Promise<LayerEntry[]> {
  const entries: LayerEntry[] = [];
  await list({
    file,
    onReadEntry: (read: ReadEntry) => {
      const entry: LayerEntry = {
        path: read.path.replace(/\/$/, ''),
        type: read.type,
        size: read.type === 'File' ? read.size : 0,
        mode: read.mode ?? 0,
        modified: Math.floor((read.mtime?.getTime() ?? 0) / 1000),
        owner: `${read.uid ?? 0}:${read.gid ?? 0}`,
        target: read.linkpath ?? '',
        contents: '',
      };
      entries.push(entry);
      if (hashes && read.type === 'File') {
        const hash = createHash('sha256');
        read.on('data', (data: Buffer) => hash.update(data));
        read.on('end', () => (entry.contents = hash.digest('hex')));
      } else read.resume();
    },
  });
  return entries;
}

async function compressedSize(id: string, file: string): Promise<number> {
  const known = compressedSizes.get(id);
  if (known !== undefined) return known;
  const magic = Buffer.alloc(2);
  for await (const chunk of createReadStream(file, { end: 1 })) (chunk as Buffer).copy(magic);
  let size = 0;
  // The containerd image store saves layers as they were pulled.
  if (magic[0] === 0x1f && magic[1] === 0x8b) size = statSync(file).size;
  else
    await pipeline(
      createReadStream(file),
      createGzip({ level: 6 }),
      async (source: AsyncIterable<Buffer>) => {
        for await (const chunk of source) size += chunk.length;
      },
    );
  compressedSizes.set(id, size);
  return size;
}
