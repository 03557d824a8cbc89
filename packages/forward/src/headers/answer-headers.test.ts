import { describe, expect, it } from 'vitest';
import { answerHeaders } from './answer-headers.ts';

const inPath = { pathPrefix: '/proxy/cl-x/80', isOwn: () => false };
const atHost = { ...inPath, pathPrefix: '' };

const ofOrigin = [
  'Service-Worker-Allowed',
  'NEL',
  'Report-To',
  'Reporting-Endpoints',
  'Alt-Svc',
  'Strict-Transport-Security',
];

describe("a capsule's answer", () => {
  it.each(ofOrigin)('says nothing by %s of an origin that it shares', (name) => {
    expect(answerHeaders([name, 'x', 'X-Own', 'y'], inPath)).toEqual(['X-Own', 'y']);
    expect(answerHeaders([name, 'x'], atHost)).toEqual([name, 'x']);
  });

  it('never clears what a browser keeps for the registrable domain', () => {
    const raw = ['clear-site-data', '"cookies"', 'X-Own', 'y'];
    expect(answerHeaders(raw, atHost)).toEqual(['X-Own', 'y']);
    expect(answerHeaders(raw, inPath)).toEqual(['X-Own', 'y']);
  });

  it('keeps its length, whatever its Connection says', () => {
    const raw = ['Connection', 'content-length, x-hop', 'Content-Length', '2', 'X-Hop', '1'];
    expect(answerHeaders(raw, atHost)).toEqual(['Content-Length', '2']);
  });
});
