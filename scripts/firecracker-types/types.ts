/** What spec/firecracker.json has of JSON Schema; other keys are not understood and refused. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
}

const understood: Readonly<Record<keyof Schema, true>> = {
  $ref: true,
  type: true,
  format: true,
  enum: true,
  default: true,
  minimum: true,
  maximum: true,
  required: true,
  properties: true,
  items: true,
  additionalProperties: true,
};

const reference = /^#\/definitions\/(\w+)$/;

/** TypeScript of the definitions named `roots` and of all that they refer to, in the order of their names. */
export function typesOf(definitions: Readonly<Record<string, Schema>>, roots: readonly string[]): string {
  const wanted = new Set(roots);
  const bodies = new Map<string, string>();
  // A set is walked with what is added to it on the way.
  for (const name of wanted) {
    const schema = definitions[name];
    if (schema === undefined) throw new Error(`spec/firecracker.json has no definition ${name}`);
    bodies.set(
      name,
      declaration(name, schema, (used) => wanted.add(used)),
    );
  }
  return [...bodies]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, body]) => body)
    .join('\n\n');
}

type Use = (definition: string) => void;

function declaration(name: string, schema: Schema, use: Use): string {
  if (schema.properties === undefined) return `export type ${name} = ${typeOf(schema, use)};`;
  const lines = Object.entries(schema.properties).map(([property, of]) => {
    const optional = schema.required?.includes(property) === true ? '' : '?';
    const key = /^\w+$/.test(property) ? property : `'${property}'`;
    const unsaid =
      of.default === undefined ? '' : `  /** Unless it is said: ${JSON.stringify(of.default)}. */\n`;
    return `${unsaid}  readonly ${key}${optional}: ${typeOf(of, use)};`;
  });
  return `export interface ${name} {\n${lines.join('\n')}\n}`;
}

function typeOf(schema: Schema, use: Use): string {
  const strange = Object.keys(schema).find((key) => !(key in understood));
  if (strange !== undefined) throw new Error(`spec/firecracker.json: ${strange} is not understood`);
  if (schema.$ref !== undefined) {
    const name = reference.exec(schema.$ref)?.[1];
    if (name === undefined) throw new Error(`spec/firecracker.json: ${schema.$ref} is not a definition`);
    use(name);
    return name;
  }
  switch (schema.type) {
    case 'string':
      return schema.enum?.map((value) => `'${value}'`).join(' | ') ?? 'string';
    case 'integer':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'array': {
      const item = typeOf(schema.items ?? {}, use);
      return `readonly ${item.includes(' | ') ? `(${item})` : item}[]`;
    }
    case 'object': {
      const values = schema.additionalProperties;
      return `Readonly<Record<string, ${typeof values === 'object' ? typeOf(values, use) : 'unknown'}>>`;
    }
    default:
      throw new Error(`spec/firecracker.json: a type ${schema.type ?? 'that is not said'} is not understood`);
  }
}
