import { describe, expect, it } from 'vitest';
import { requestHeaders } from './request-headers.ts';

const told = {
  host: 'app.example',
  clientAddress: '10.0.0.1',
  forwardedHost: 'app.example',
  forwardedProto: 'https',
  forwardedPrefix: '',
};
const ours = ['X-Forwarded-For', '10.0.0.1', 'X-Forwarded-Proto', 'https', 'X-Forwarded-Host', 'app.example'];

function passed(
  rawHeaders: string[],
  { to = 'guest' as 'guest' | 'platform', body = 'none' as 'none' | 'sized' | 'chunked' } = {},
): string[] {
  const head = { body, host: 'app.example' };
  const headers = requestHeaders(rawHeaders, head, { to, told, upgrade: undefined });
  expect(headers.slice(0, 2)).toEqual(['Host', 'app.example']);
  expect(headers.slice(-ours.length)).toEqual(ours);
  return headers.slice(2, -ours.length);
}

describe('headers for a guest', () => {
  it.each([
    'X_Forwarded_For',
    'x-forwarded_proto',
    'X_FORWARDED_HOST',
    'X_Real_IP',
    'X_Wrenn_Access',
    'E2b_Traffic-Access_Token',
  ])('have no %s, which many servers take for the one with hyphens', (name) => {
    expect(passed([name, '1.2.3.4', 'A_B', 'c'])).toEqual(['A_B', 'c']);
  });

  it.each([
    ['https://a.example/x?wrenn_access=LINK&y=1', 'https://a.example/x?y=1'],
    ['https://a.example/x?wrenn_access=LINK', 'https://a.example/x'],
    ['https://a.example/x?y=wrenn', 'https://a.example/x?y=wrenn'],
  ])('name the page %s as %s, without the credential that opened it', (referer, kept) => {
    expect(passed(['Referer', referer])).toEqual(['Referer', kept]);
  });

  it.each([
    ['wrenn-access.LINK', []],
    ['chat, wrenn-access.LINK', ['Sec-WebSocket-Protocol', 'chat']],
    ['wrenn-access.LINK, chat, v2', ['Sec-WebSocket-Protocol', 'chat, v2']],
  ])('offer of the subprotocols %s what is not the credential', (offered, kept) => {
    expect(passed(['Sec-WebSocket-Protocol', offered])).toEqual(kept);
  });

  it('announce trailers only behind chunks', () => {
    expect(passed(['Trailer', 'X-Sum'])).toEqual([]);
    expect(passed(['Trailer', 'X-Sum'], { body: 'sized' })).toEqual([]);
    const chunked = passed(['Trailer', 'X-Sum'], { body: 'chunked' });
    expect(chunked).toEqual(['Trailer', 'X-Sum', 'Transfer-Encoding', 'chunked']);
  });
});

it('the API gets the credentials that are meant for it, and nothing that passes for the word of a proxy', () => {
  const sent = ['X-Wrenn-Access', 'token', 'X_Forwarded_For', '1.2.3.4'];
  expect(passed(sent, { to: 'platform' })).toEqual(['X-Wrenn-Access', 'token']);
});
