import protobuf from 'protobufjs/minimal.js';

/** One field of a message in the wire format of protocol buffers. */
export interface Field {
  number: number;
  /** All of it, key included, as it lies in the file. */
  raw: Uint8Array;
  /** Bytes of a text, a message or packed numbers. */
  body?: Uint8Array;
  /** A whole number. */
  value?: number;
}

/** @throws {Error} where it is no message */
export function fieldsOf(message: Uint8Array): Field[] {
  const reader = protobuf.Reader.create(message);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const key = reader.uint32();
    const content = contentOf(reader, key & 7);
    fields.push({ number: key >>> 3, raw: message.subarray(start, reader.pos), ...content });
  }
  return fields;
}

function contentOf(reader: protobuf.Reader, wireType: number): Pick<Field, 'body' | 'value'> {
  switch (wireType) {
    case 0:
      return { value: Number(reader.int64()) };
    case 2:
      return { body: reader.bytes() };
    default:
      reader.skipType(wireType);
      return {};
  }
}

/** The message of a field that holds one. */
export function messageOf({ body }: Field): Field[] {
  return body === undefined ? [] : fieldsOf(body);
}

export function textsOf(fields: readonly Field[], number: number): string[] {
  return fields
    .filter((field) => field.number === number)
    .map(({ body }) => Buffer.from(body ?? new Uint8Array()).toString('utf8'));
}

/** Whole numbers of a repeated field, packed or one by one. */
export function wholeNumbersOf(fields: readonly Field[], number: number): number[] {
  return fields
    .filter((field) => field.number === number)
    .flatMap(({ value, body }) => (body === undefined ? [value ?? 0] : packedNumbers(body)));
}

function packedNumbers(body: Uint8Array): number[] {
  const reader = protobuf.Reader.create(body);
  const values: number[] = [];
  while (reader.pos < reader.len) values.push(Number(reader.int64()));
  return values;
}

/** A field that holds these parts, one behind the other: a message of fields, or the bytes of a text. */
export function fieldWith(number: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return protobuf.Writer.create()
    .uint32((number << 3) | 2)
    .bytes(Buffer.concat(parts))
    .finish();
}

export function textField(number: number, text: string): Uint8Array {
  return fieldWith(number, Buffer.from(text));
}

export function wholeField(number: number, value: number): Uint8Array {
  return protobuf.Writer.create()
    .uint32(number << 3)
    .int64(value)
    .finish();
}
