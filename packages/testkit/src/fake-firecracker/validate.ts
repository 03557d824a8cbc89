import type { ApiDescription, Schema } from './api-description.ts';

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  /** The empty string: none. */
  readonly body: string;
}

/** A request that has the shape the description asks for. */
export interface ValidCall {
  /** Method and path as the description has it: `PUT /drives/{drive_id}`. */
  readonly name: string;
  readonly body: unknown;
}

export interface Refusal {
  readonly status: number;
  readonly message: string;
}

export type Verdict = { readonly call: ValidCall } | { readonly refused: Refusal };

/** What Firecracker takes at most, unless it was told otherwise when it started. */
const maximumBodyBytes = 51_200;
const resourceId = /^[\p{L}\p{N}_]+$/u;

/**
 * Whether a request is one that `api` describes. It is as strict as the description: `null` in the place of a field that
 * may be left out is refused here, and Firecracker takes it; all numbers are unsigned, which the description does not say.
 */
export function validateRequest(api: ApiDescription, request: ApiRequest): Verdict {
  const { method, path, body } = request;
  const found = routeOf(api, path);
  const operation = found && api.paths[found.route]?.[method.toLowerCase()];
  if (found === undefined || operation === undefined) {
    return refuse(`Invalid request method and/or path: ${method} ${path}.`);
  }
  const name = `${method} ${found.route}`;
  const badId = Object.values(found.parameters).find((id) => !resourceId.test(id));
  if (badId !== undefined)
    return refuse(`The ID "${badId}" has characters other than letters, digits and _.`);
  const expected = operation.parameters?.find((parameter) => parameter.in === 'body');
  if (body === '') {
    if (method === 'GET' || expected === undefined || (method === 'PATCH' && !expected.required)) {
      return { call: { name, body: undefined } };
    }
    return refuse(`Empty ${method} request.`);
  }
  if (expected?.schema === undefined) return refuse(`${method} request cannot have a body.`);
  if (Buffer.byteLength(body) > maximumBodyBytes) {
    return { refused: { status: 413, message: `Payload of more than ${maximumBodyBytes} bytes.` } };
  }
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return refuse('The json body of the request cannot be deserialized.');
  }
  const fault = faultOf(api, expected.schema, value, 'body') ?? idFault(found.parameters, value);
  return fault === undefined ? { call: { name, body: value } } : refuse(fault);
}

function refuse(message: string): { readonly refused: Refusal } {
  return { refused: { status: 400, message } };
}

function routeOf(
  api: ApiDescription,
  path: string,
): { readonly route: string; readonly parameters: Readonly<Record<string, string>> } | undefined {
  for (const route of Object.keys(api.paths)) {
    const names: string[] = [];
    const pattern = route.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      names.push(name);
      return '([^/]+)';
    });
    const match = new RegExp(`^${pattern}$`).exec(path);
    if (match === null) continue;
    return {
      route,
      parameters: Object.fromEntries(names.map((name, index) => [name, match[index + 1] ?? ''])),
    };
  }
  return undefined;
}

/** What the path names, the body names too. */
function idFault(parameters: Readonly<Record<string, string>>, body: unknown): string | undefined {
  for (const [name, id] of Object.entries(parameters)) {
    const inBody = (body as Readonly<Record<string, unknown>>)[name];
    if (inBody !== id) return `The path has the ${name} "${id}", and the body "${String(inBody)}".`;
  }
  return undefined;
}

function faultOf(api: ApiDescription, schema: Schema, value: unknown, at: string): string | undefined {
  if (schema.$ref !== undefined) {
    const definition = api.definitions[schema.$ref.replace('#/definitions/', '')];
    if (definition === undefined) throw new Error(`the description has no ${schema.$ref}`);
    return faultOf(api, definition, value, at);
  }
  switch (schema.type) {
    case 'object':
      return objectFault(api, schema, value, at);
    case 'array': {
      if (!Array.isArray(value)) return `invalid type at ${at}: expected an array`;
      return first(value.entries(), ([index, item]) =>
        faultOf(api, schema.items ?? {}, item, `${at}[${index}]`),
      );
    }
    case 'string':
      if (typeof value !== 'string') return `invalid type at ${at}: expected a string`;
      if (schema.enum?.includes(value) === false) {
        return `unknown variant \`${value}\` at ${at}, expected one of ${schema.enum.join(', ')}`;
      }
      return undefined;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `invalid type at ${at}: expected a boolean`;
    case 'integer':
      return integerFault(schema, value, at);
    default:
      throw new Error(`the description's type ${schema.type} is not understood`);
  }
}

function integerFault(schema: Schema, value: unknown, at: string): string | undefined {
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    return `invalid type at ${at}: expected an integer`;
  const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = schema;
  return value < minimum || value > maximum ? `invalid value at ${at}: ${value} is out of range` : undefined;
}

function objectFault(api: ApiDescription, schema: Schema, value: unknown, at: string): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return `invalid type at ${at}: expected an object`;
  }
  const missing = schema.required?.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) return `missing field \`${missing}\` at ${at}`;
  return first(Object.entries(value), ([name, item]) => {
    const properties = schema.properties ?? {};
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (property !== undefined) return faultOf(api, property, item, `${at}.${name}`);
    if (typeof schema.additionalProperties === 'object') {
      return faultOf(api, schema.additionalProperties, item, `${at}.${name}`);
    }
    return schema.additionalProperties === true ? undefined : `unknown field \`${name}\` at ${at}`;
  });
}

function first<T>(items: Iterable<T>, fault: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = fault(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
