import type { FastifyReply } from 'fastify';
import type { ControlPlaneConfig } from '../config.ts';

export interface Cookie {
  readonly name: string;
  /** Of characters that need no quoting. */
  readonly value: string;
  /** 0 removes it. */
  readonly maxAgeSec: number;
  readonly path?: string;
  /** `page`: scripts of the page may read it, so it holds nothing secret. Default `server`. */
  readonly readBy?: 'server' | 'page';
}

/** Takes the place of a cookie of the same name that the answer has already. */
export function setCookie(
  reply: FastifyReply,
  cookie: Cookie,
  { publicUrl }: Pick<ControlPlaneConfig, 'publicUrl'>,
) {
  const { name, value, maxAgeSec, path = '/', readBy = 'server' } = cookie;
  const parts = [`${name}=${value}`, `Path=${path}`, `Max-Age=${maxAgeSec}`, 'SameSite=Lax'];
  if (readBy === 'server') parts.push('HttpOnly');
  if (publicUrl.protocol === 'https:') parts.push('Secure');
  const others = [reply.getHeader('set-cookie') ?? []]
    .flat()
    .map(String)
    .filter((other) => !other.startsWith(`${name}=`));
  void reply.removeHeader('set-cookie').header('set-cookie', [...others, parts.join('; ')]);
}
