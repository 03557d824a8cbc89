/** Whom a registry lets read. Tokens are given out at `/token` of the registry itself. */
export type RegistryAccess =
  | { readonly kind: 'everybody' }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly for: TokenReader };

export type TokenReader =
  | { readonly kind: 'everybody' }
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'identity_token'; readonly token: string };

type Part = 'manifest' | 'config' | 'layer';

/** How a registry behaves; tests change it while it runs. */
export interface RegistryConduct {
  access: RegistryAccess;
  /** Where tokens are said to be, in the place of its own `/token`. */
  realm?: string;
  /** Where a request for a layer or a configuration is sent on to. */
  redirect?: (path: string) => string;
  /** What is served with one byte changed. */
  altered?: Part;
  /** Whether it keeps to itself how large its answers are. */
  hidesSize?: boolean;
  /** After so many bytes of a layer nothing more comes, and the connection stays; with 0 not even the head. */
  stallAfter?: number;
  /** After so many bytes of an answer with a layer the connection ends. */
  cutAfter?: number;
  /** How many answers with layers are cut; all where it is not given. */
  cuts?: number;
  /** Answers that come first, one for each request. */
  failures: { readonly status: number; readonly headers?: Readonly<Record<string, string>> }[];
}
