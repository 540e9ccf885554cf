/** What a shared object of a test says of itself. */
export interface ElfFile {
  needed?: string[];
  soname?: string;
  runPath?: string;
  /** e_machine; 62 is x86-64, 183 AArch64. */
  machine: number;
  wide?: boolean;
  littleEndian?: boolean;
}

/** e_machine of the processor that the tests run on. */
export const OWN_MACHINE = process.arch === 'arm64' ? 183 : 62;

/** The smallest file that has a dynamic section: header, two segments, the section, its strings. */
export function elf({
  needed = [],
  soname,
  runPath,
  machine,
  wide = true,
  littleEndian = true,
}: ElfFile): Buffer {
  const word = wide ? 8 : 4;
  const headerSize = wide ? 64 : 52;
  const segmentSize = wide ? 56 : 32;
  // Addresses differ from places in the file, as in a real one.
  const address = 0x10000;
  const dynamicAt = headerSize + 2 * segmentSize;
  const texts: { tag: number; text: string }[] = [
    ...needed.map((text) => ({ tag: 1, text })),
    ...(soname === undefined ? [] : [{ tag: 14, text: soname }]),
    ...(runPath === undefined ? [] : [{ tag: 29, text: runPath }]),
  ];
  // Two for the strings: where they are and their size; the last one ends the section.
  const entries = texts.length + 3;
  const stringsAt = dynamicAt + entries * 2 * word;
  const strings = Buffer.from(`\0${texts.map(({ text }) => `${text}\0`).join('')}`);
  const data = Buffer.alloc(stringsAt + strings.length);
  let place = 0;
  const put = (value: number, bytes: number): void => {
    const bigInt = BigInt(value);
    for (let index = 0; index < bytes; index += 1) {
      const shift = littleEndian ? index : bytes - 1 - index;
      data[place + index] = Number((bigInt >> BigInt(8 * shift)) & 255n);
    }
    place += bytes;
  };

  data.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, littleEndian ? 1 : 2, 1]);
  place = 16;
  for (const [value, bytes] of [
    [3, 2],
    [machine, 2],
    [1, 4],
    [0, word],
    [headerSize, word],
    [0, word],
    [0, 4],
    [headerSize, 2],
    [segmentSize, 2],
    [2, 2],
  ] as const)
    put(value, bytes);

  for (const [index, segment] of [
    { type: 1, at: 0, size: data.length },
    { type: 2, at: dynamicAt, size: entries * 2 * word },
  ].entries()) {
    place = headerSize + index * segmentSize;
    put(segment.type, 4);
    if (wide) put(0, 4);
    for (const value of [segment.at, address + segment.at, 0, segment.size, segment.size]) put(value, word);
  }

  place = dynamicAt;
  let start = 1;
  for (const { tag, text } of texts) {
    put(tag, word);
    put(start, word);
    start += text.length + 1;
  }
  put(5, word);
  put(address + stringsAt, word);
  put(10, word);
  put(strings.length, word);
  data.set(strings, stringsAt);
  return data;
}
