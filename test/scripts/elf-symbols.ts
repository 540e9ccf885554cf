/** Which kind of ELF file: `rewritten` as auditwheel leaves it, with more to load behind the symbols. */
export interface ElfKind {
  wide: boolean;
  littleEndian: boolean;
  rewritten: boolean;
  /** Bytes more of the section of its own. */
  own?: number;
}

interface Part {
  name: string;
  type: number;
  bytes: Buffer;
  /** Address of a part that is mapped into memory. */
  address?: number;
}

const PAGE = 0x1000;

/** Names, sizes and order of the fields of the header behind its 16 first bytes, of a segment and of a section. */
const fieldsOf = (wide: boolean): { header: number[]; segment: number[]; section: number[] } => {
  const word = wide ? 8 : 4;
  return {
    header: [2, 2, 4, word, word, word, 4, 2, 2, 2, 2, 2, 2],
    segment: wide ? [4, 4, 8, 8, 8, 8, 8, 8] : [4, 4, 4, 4, 4, 4, 4, 4],
    section: [4, 4, word, word, word, word, 4, 4, word, word],
  };
};

const total = (sizes: number[]): number => sizes.reduce((sum, size) => sum + size, 0);

function put(data: Buffer, at: number, sizes: number[], values: number[], littleEndian: boolean): void {
  let place = at;
  for (const [index, size] of sizes.entries()) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(values[index] ?? 0));
    const own = bytes.subarray(0, size);
    data.set(littleEndian ? own : own.toReversed(), place);
    place += size;
  }
}

function take(data: Buffer, at: number, sizes: number[], littleEndian: boolean): number[] {
  let place = at;
  return sizes.map((size) => {
    const own = data.subarray(place, place + size);
    place += size;
    return littleEndian
      ? own.readUIntLE(0, Math.min(size, 6))
      : own.readUIntBE(Math.max(size - 6, 0), Math.min(size, 6));
  });
}

/** A shared object with a table of symbols, debugging data and a section of its own that no segment maps. */
export function elfWithSymbols({ wide, littleEndian, rewritten, own = 0 }: ElfKind): Buffer {
  const sizes = fieldsOf(wide);
  const parts: Part[] = [
    { name: '', type: 0, bytes: Buffer.alloc(0) },
    { name: '.text', type: 1, bytes: Buffer.alloc(0x123, 'code'), address: 0x1000 },
    { name: '.data', type: 1, bytes: Buffer.alloc(0x45, 'data'), address: 0x3123 },
    {
      name: '.note.own',
      type: 1,
      bytes: Buffer.concat([Buffer.from('read by a program from the file'), Buffer.alloc(own)]),
    },
    { name: '.symtab', type: 2, bytes: Buffer.alloc(0x3000, 'S') },
    { name: '.debug_info', type: 1, bytes: Buffer.alloc(0x2345, 'D') },
    { name: '.strtab', type: 3, bytes: Buffer.alloc(0x777, 's') },
    { name: '.shstrtab', type: 3, bytes: Buffer.alloc(0) },
    ...(rewritten ? [{ name: '.dynstr', type: 3, bytes: Buffer.alloc(0x80, 'x'), address: 0x9000 }] : []),
  ];
  const names = parts.map(({ name }) => `${name}\0`).join('');
  const strings = parts.findIndex(({ name }) => name === '.shstrtab');
  (parts[strings] as Part).bytes = Buffer.from(names);
  const loaded = parts.filter(({ address }) => address !== undefined);

  const headerSize = 16 + total(sizes.header);
  let end = headerSize + loaded.length * total(sizes.segment);
  const places = parts.map(({ address, bytes }) => {
    // The place in the file and the address are the same within a page.
    if (address !== undefined) end += (((address - end) % PAGE) + PAGE) % PAGE;
    const place = end;
    end += bytes.length;
    return place;
  });
  // What rewrites an ELF file leaves a byte too many.
  const data = Buffer.alloc(end + parts.length * total(sizes.section) + (rewritten ? 1 : 0));
  data.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, littleEndian ? 1 : 2, 1]);
  put(
    data,
    16,
    sizes.header,
    [
      3,
      62,
      1,
      0,
      headerSize,
      end,
      0,
      headerSize,
      total(sizes.segment),
      loaded.length,
      total(sizes.section),
      parts.length,
      strings,
    ],
    littleEndian,
  );
  for (const [index, part] of loaded.entries()) {
    const place = places[parts.indexOf(part)] ?? 0;
    const address = part.address ?? 0;
    const size = part.bytes.length;
    const values = wide
      ? [1, 5, place, address, address, size, size, PAGE]
      : [1, place, address, address, size, size, 5, PAGE];
    put(data, headerSize + index * total(sizes.segment), sizes.segment, values, littleEndian);
  }
  let name = 0;
  for (const [index, part] of parts.entries()) {
    const place = places[index] ?? 0;
    data.set(part.bytes, place);
    const flags = part.address === undefined ? 0 : 2;
    const values =
      index === 0 ? [] : [name, part.type, flags, part.address ?? 0, place, part.bytes.length, 0, 0, 1, 0];
    put(data, end + index * total(sizes.section), sizes.section, values, littleEndian);
    name += part.name.length + 1;
  }
  return data;
}

/** What is loaded from an ELF file, and its sections. */
export function readElf(data: Buffer): {
  segments: { offset: number; address: number; alignment: number; bytes: Buffer }[];
  sections: { name: string; type: number; bytes: Buffer }[];
} {
  const wide = data[4] === 2;
  const littleEndian = data[5] === 1;
  const sizes = fieldsOf(wide);
  const read = (at: number, fields: number[]): number[] => take(data, at, fields, littleEndian);
  const header = read(16, sizes.header);
  const [segmentsAt = 0, sectionsAt = 0] = header.slice(4, 6);
  const segments = Array.from({ length: header[9] ?? 0 }, (_, index) => {
    const values = read(segmentsAt + index * total(sizes.segment), sizes.segment);
    const [offset = 0, address = 0] = wide ? values.slice(2) : values.slice(1);
    const size = (wide ? values[5] : values[4]) ?? 0;
    return { offset, address, alignment: values[7] ?? 0, bytes: data.subarray(offset, offset + size) };
  });
  const rows = Array.from({ length: header[11] ?? 0 }, (_, index) =>
    read(sectionsAt + index * total(sizes.section), sizes.section),
  );
  const content = ([, , , , offset = 0, size = 0]: number[]): Buffer => data.subarray(offset, offset + size);
  const names = content(rows[header[12] ?? 0] ?? []).toString('latin1');
  const sections = rows.map((row) => ({
    name: names.slice(row[0]).split('\0')[0] ?? '',
    type: row[1] ?? 0,
    bytes: content(row),
  }));
  return { segments, sections };
}
