import description from '../../../../spec/firecracker.json' with { type: 'json' };

/** As much of JSON Schema as spec/firecracker.json has. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema?: Schema;
}

/** The part of a Swagger document that says what a request may be. */
export interface ApiDescription {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly parameters?: readonly Parameter[] }>>>
  >;
  readonly definitions: Readonly<Record<string, Schema>>;
}

// The type of the JSON has each path as a property of its own, and none that is absent elsewhere.
export const firecrackerApi = description as unknown as ApiDescription;
